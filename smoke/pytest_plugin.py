"""pytest: each configured check becomes a test item once `--smoke-url` or `--smoke-config` is given."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from smoke.model import Check
    from smoke.settings import SmokeSettings


class SmokeCheckFailed(Exception):
    """The site does not work; the message is the check's own sentence."""


class SmokeItem(pytest.Item):
    """One check, asked with the retries of `gatekeeper smoke`."""

    def __init__(self, *, check: "Check", settings: "SmokeSettings", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.check, self.settings = check, settings
        self.add_marker("smoke")

    def runtest(self) -> None:
        """Ask; a site that works passes, one of which nothing is known is skipped with the reason."""
        import time

        from smoke.by_hand import ARTIFACTS
        from smoke.model import Target, Verdict
        from smoke.run import Conduct, run

        target = Target(self.settings.url, ARTIFACTS, control_url=self.settings.control_url or None)
        deadline = time.monotonic() + self.settings.deadline_seconds
        [outcome] = run([self.check], target, deadline, conduct=Conduct.of(self.settings)).outcomes
        if outcome.shadow or outcome.quarantine:
            pytest.skip(f"not counted: {outcome.verdict.value}: {outcome.message}")
        if outcome.verdict is Verdict.INCONCLUSIVE:
            pytest.skip(outcome.message)
        if not outcome.verdict.is_good:
            raise SmokeCheckFailed(f"{outcome.verdict.value}: {outcome.message}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The sentence alone: a traceback of our own code helps nobody."""
        if isinstance(excinfo.value, SmokeCheckFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where pytest says the item stands."""
        return self.path, None, f"smoke: {self.check.name}"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The two options that wake the plug-in."""
    group = parser.getgroup("smoke", "smoke checks against a running site")
    group.addoption("--smoke-url", default="", help="The running site, in place of the configured one.")
    group.addoption("--smoke-config", default="", help="A TOML file with a [smoke] table.")


def pytest_configure(config: pytest.Config) -> None:
    """Make our marker known, so that `-m smoke` and `-m 'not smoke'` work."""
    config.addinivalue_line("markers", "smoke: a check that asks a running site")


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put one item per check after the tests that pytest has found itself."""
    url, path = config.getoption("--smoke-url"), config.getoption("--smoke-config")
    if url or path:
        items.extend(_items(session, url, path))


def _items(session: pytest.Session, url: str, path: str) -> Iterable[SmokeItem]:
    import os
    from dataclasses import replace

    from smoke.by_hand import configured
    from smoke.errors import SmokeError
    from smoke.settings import SmokeSettings, read

    try:
        settings = read(Path(path)) if path else SmokeSettings()
        settings = replace(settings, url=url or settings.url)
        checks = configured(settings, os.environ)
    except SmokeError as error:
        raise pytest.UsageError(str(error)) from error
    for check in checks:
        yield SmokeItem.from_parent(session, name=f"smoke: {check.name}", check=check, settings=settings)
