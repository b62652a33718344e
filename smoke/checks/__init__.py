"""The checks: each asks a running site one question. One plug-in a check.

A check is a module with `CHECK` as its last line, and a page of the same stem. Nothing else is edited to add
one: `kinds()` walks this folder and the entry points named `smoke.checks`.
"""

import pkgutil
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import ClassVar, Protocol

from smoke.errors import Misconfigured, NoAnswer, SmokeError, TargetUnreachable, UnknownCheck
from smoke.model import Artifact, Check, Outcome, Target, Verdict
from smoke.options import resolve
from smoke.redact import clean
from smoke.settings import CheckSettings, SmokeSettings


@dataclass(frozen=True, slots=True)
class Asking:
    """Whom a check asks, as which entry of the settings, until when, and what must never show."""

    name: str
    target: Target
    deadline: float
    secrets: tuple[str, ...] = field(repr=False)

    @property
    def seconds_left(self) -> float:
        """Never negative."""
        return max(0.0, self.deadline - time.monotonic())


@dataclass(frozen=True, slots=True)
class Answer:
    """What a check has to say: one sentence, with what was expected and what was seen where it failed."""

    verdict: Verdict
    message: str
    artifacts: tuple[Artifact, ...] = ()


class Question(Protocol):
    """A check's fields are its options. `idempotent`: asking twice changes nothing on the site.

    A check that neither disturbs others nor minds them, and keeps to its deadline by itself, says so with a class
    variable `beside_others = True`: it is then asked at the same time as its neighbours of that kind.
    """

    idempotent: ClassVar[bool]

    def ask(self, asking: Asking) -> Answer:
        """Ask once. What the network or the site spoils may be raised as an error of `smoke.errors`."""
        ...


@cache
def kinds() -> dict[str, type[Question]]:
    """All checks by the name that `use` takes, the built-in ones and those of installed packages."""
    modules = [module.name for module in pkgutil.iter_modules(__path__)]
    found = {name: import_module(f"{__name__}.{name}").CHECK for name in modules}
    found |= {entry.name: entry.load() for entry in entry_points(group="smoke.checks")}
    return {name.replace("_", "-"): kind for name, kind in found.items()}


def titles() -> dict[str, str]:
    """What each check with a page beside it says of itself, by its name."""
    found = {}
    for name, kind in kinds().items():
        page = Path(str(sys.modules[kind.__module__].__file__)).with_suffix(".md")
        if page.is_file():
            found[name] = page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
    return found


def checks_from(
    settings: SmokeSettings, environment: Mapping[str, str], today: date | None = None
) -> tuple[Check, ...]:
    """The configured checks, ready to ask; raises Misconfigured or UnknownCheck for what cannot be used.

    `today` decides which quarantines are over.
    """
    today = today or datetime.now(UTC).date()
    entries = [(entry.name or entry.use, entry) for entry in settings.check]
    for name, count in Counter(name for name, _ in entries).items():
        if count > 1:
            raise Misconfigured(
                f"smoke check {name!r}",
                "name",
                f"{count} checks have this name",
                next_step="Give each a `name` of its own.",
            )
    return tuple(_configured(name, entry, environment, today, in_shadow=settings.shadow) for name, entry in entries)


@dataclass(frozen=True, slots=True)
class _Configured:
    """A question and its entry in the settings; makes an Outcome of whatever happens."""

    name: str
    critical: bool
    timeout_seconds: float
    question: Question
    secrets: tuple[str, ...] = field(repr=False)
    success_rate: float | None = None
    shadow: bool = False
    quarantine: str = ""

    @property
    def idempotent(self) -> bool:
        return self.question.idempotent

    @property
    def beside_others(self) -> bool:
        return bool(getattr(self.question, "beside_others", False))

    def ask(self, target: Target, deadline: float) -> Outcome:
        secrets = (*target.secrets, *self.secrets)
        began = time.monotonic()
        asking = Asking(self.name, target, min(deadline, began + self.timeout_seconds), secrets)
        unreached: TargetUnreachable | None = None
        try:
            answer = self.question.ask(asking)
        except TargetUnreachable as error:
            unreached = error
            answer = Answer(Verdict.INCONCLUSIVE, f"{error.what}: {error.reason}")
        except NoAnswer as error:
            answer = Answer(Verdict.FAIL, error.problem)
        except SmokeError as error:
            answer = Answer(Verdict.INCONCLUSIVE, ". ".join([error.what, error.next_step]))
        return Outcome(
            name=self.name,
            verdict=answer.verdict,
            message=clean(answer.message, secrets),
            critical=self.critical,
            seconds=time.monotonic() - began,
            artifacts=answer.artifacts,
            unreached=unreached is not None,
            refused=unreached is not None and unreached.refused,
            quarantine=self.quarantine,
            shadow=self.shadow,
        )


def _configured(
    name: str, entry: CheckSettings, environment: Mapping[str, str], today: date, *, in_shadow: bool
) -> Check:
    kind = kinds().get(entry.use.replace("_", "-"))
    if kind is None:
        raise UnknownCheck(entry.use, list(kinds()))
    if entry.quarantine is not None and entry.critical:
        raise Misconfigured(
            f"smoke check {name!r}",
            "quarantine",
            "a critical check cannot be in quarantine: a release would go on without what it cannot do without",
            next_step="Mend it, or say `critical = false` if the release may go on without it.",
        )
    made = resolve(f"smoke check {name!r}", kind, entry.options, environment)
    return _Configured(
        name=name,
        critical=entry.critical,
        timeout_seconds=entry.timeout_seconds,
        question=made.options,
        secrets=made.secrets,
        success_rate=entry.success_rate,
        shadow=entry.shadow or in_shadow,
        quarantine=str(entry.quarantine) if entry.quarantine and today <= entry.quarantine.until else "",
    )
