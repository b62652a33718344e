"""Every key of `gatekeeper.toml`, typed. `example.toml` beside this file documents them; a test holds the two together.

Any key can come from the environment as `GATEKEEPER_TABLE__KEY`, which is where passwords and URLs belong.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from gatekeeper.config.durations import Duration
from gatekeeper.model.grade import COLUMN_ORDER, TOLERABLE
from gatekeeper.model.message import Event
from migrations_lint.settings import LintSettings
from smoke.settings import SmokeSettings


class Table(BaseModel):
    """A table of the settings file: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class ServiceSettings(Table):
    """`[service]`: what is released, and where to."""

    name: str = "app"
    environment: str = "production"


class MigrationsSettings(Table):
    """`[migrations]`: where the history lies. Formats are detected where `format` is "auto"."""

    paths: tuple[Path, ...] = (Path("migrations"),)
    format: str = "auto"


class InjectSettings(Table):
    """`[inject]`: the timeouts that `gatekeeper inject` writes into migrations."""

    lock_timeout: Duration = timedelta(seconds=2)
    statement_timeout: Duration | None = None
    long_statement_timeout: Duration | None = None
    idle_in_transaction_session_timeout: Duration | None = None


class AppSettings(Table):
    """`[staging.app]`: how a version of the application is started on a scratch database."""

    start: tuple[str, ...] = ()
    prepare: tuple[str, ...] = ()
    environment: Mapping[str, str] = Field(default_factory=dict)
    health_path: str = "/health"
    ready_timeout: Duration = timedelta(seconds=30)


class StagingSettings(Table):
    """`[staging]`: the server on which rollbacks are proven; the embedded PostgreSQL where no URL is set."""

    url: SecretStr | None = None
    statement_timeout: Duration = timedelta(seconds=60)
    cache: Path = Path(".gatekeeper/verify")
    base: SecretStr | None = None
    base_rows: int = Field(default=0, ge=0)
    app: AppSettings = AppSettings()


class VerifySettings(Table):
    """`[verify]`: what a way down need not restore, by kind of object or grade; how long live databases are asked."""

    tolerate: tuple[str, ...] = (COLUMN_ORDER,)
    witness_timeout: Duration = timedelta(seconds=10)
    models: str = ""

    @field_validator("tolerate")
    @classmethod
    def _known(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        for word in words:
            if word not in TOLERABLE:
                near = get_close_matches(word, sorted(TOLERABLE), n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(TOLERABLE))}"
                raise ValueError(f"{word!r} is no kind of object and no grade: {hint}")
        return words


class MigrateSettings(Table):
    """`[migrate]`: the target database, by a direct connection, and the budget for stalling others."""

    url: SecretStr | None = None
    max_stall: Duration = timedelta(milliseconds=500)
    max_total_stall: Duration | None = None
    give_up_after: Duration = timedelta(minutes=10)
    statement_timeout: Duration | None = None
    max_replica_lag: Duration = timedelta(seconds=10)
    synchronous_commit: Literal["off", "local", "remote_write", "on", "remote_apply"] = "local"
    standbys: tuple[SecretStr, ...] = ()
    cancel_blockers: Mapping[str, Duration] = Field(default_factory=dict)


class DeploySettings(Table):
    """`[deploy]`: the provider and the keys that it reads."""

    provider: str = "command"
    options: Mapping[str, Any] = Field(default_factory=dict)


class ObjectiveSettings(Table):
    """`[[bake.objective]]`: how many of which events must be good, and who counts them."""

    name: str
    target: float = Field(gt=0, lt=1)
    minimum: int = Field(default=50, ge=1)
    use: str
    options: Mapping[str, Any] = Field(default_factory=dict)


class BakeSettings(Table):
    """`[bake]`: how long a new version is watched before it counts as released."""

    duration: Duration = timedelta(0)
    every: Duration = timedelta(seconds=15)
    baseline: Duration = timedelta(hours=1)
    alpha: float = Field(default=0.001, gt=0, lt=1)
    shadow: bool = False
    objective: tuple[ObjectiveSettings, ...] = ()


class FreezeSettings(Table):
    """`[[gate.freeze]]`: a time in which nothing new goes out."""

    name: str
    begins: str
    lasts: Duration
    zone: str = "UTC"

    @model_validator(mode="after")
    def _is_a_calendar(self) -> "FreezeSettings":
        try:
            CronSim(self.begins, datetime.now(ZoneInfo(self.zone)))
        except CronSimError as error:
            raise ValueError(f"begins: {self.begins!r} is no cron expression") from error
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"zone: there is no time zone {self.zone!r}") from error
        return self


class GateSettings(Table):
    """`[gate]`: how many people of which role must approve, for how long that holds, and when nothing goes out."""

    approvals: Mapping[str, int] = Field(default_factory=lambda: {"release-manager": 1})
    expires_after: Duration = timedelta(hours=24)
    approvers: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    aliases: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    break_glass: tuple[str, ...] = ()
    keys: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    freeze: tuple[FreezeSettings, ...] = ()


class AuditSettings(Table):
    """`[audit]`: the name of the log and the key that signs its heads."""

    name: str = Field(default="gatekeeper", pattern=r"^[^\s+]+$")
    key: Path = Path(".gatekeeper/audit-key.pem")
    private_key: SecretStr | None = None


class ChannelSettings(Table):
    """`[[notify.channel]]`: one way to people, and what it tells them."""

    use: str
    name: str = ""
    events: tuple[Event, ...] = ()
    options: Mapping[str, Any] = Field(default_factory=dict)

    @property
    def title(self) -> str:
        """The name that tells it from others of its kind."""
        return self.name or self.use


class NotifySettings(Table):
    """`[notify]`: who is told of releases."""

    channel: tuple[ChannelSettings, ...] = ()

    @field_validator("channel")
    @classmethod
    def _told_apart(cls, channels: tuple[ChannelSettings, ...]) -> tuple[ChannelSettings, ...]:
        titles = [one.title for one in channels]
        for title in titles:
            if titles.count(title) > 1:
                raise ValueError(f"two are called {title!r}: give them different names with `name`")
        return channels


class StoreSettings(Table):
    """`[store]`: where releases, evidence and approvals are kept."""

    url: SecretStr = SecretStr("sqlite:///.gatekeeper/gatekeeper.sqlite")
    artifacts: Path = Path(".gatekeeper/artifacts")


class Settings(BaseSettings):
    """All of `gatekeeper.toml`."""

    model_config = SettingsConfigDict(
        env_prefix="GATEKEEPER_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        validate_default=True,
    )

    service: ServiceSettings = ServiceSettings()
    migrations: MigrationsSettings = MigrationsSettings()
    lint: LintSettings = LintSettings()
    inject: InjectSettings = InjectSettings()
    staging: StagingSettings = StagingSettings()
    verify: VerifySettings = VerifySettings()
    migrate: MigrateSettings = MigrateSettings()
    smoke: SmokeSettings = SmokeSettings()
    deploy: DeploySettings = DeploySettings()
    bake: BakeSettings = BakeSettings()
    gate: GateSettings = GateSettings()
    notify: NotifySettings = NotifySettings()
    store: StoreSettings = StoreSettings()
    audit: AuditSettings = AuditSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file, which `load` hands in as init values."""
        assert isinstance(init_settings, InitSettingsSource)
        return env_settings, init_settings
