"""All examinations, in the order in which a team sets things up. What a command would refuse is a finding here."""

from collections.abc import Callable, Iterator

from gatekeeper.config.settings import Settings
from gatekeeper.doctor import databases, deploys, history, site
from gatekeeper.doctor.examined import Examined, wrong
from gatekeeper.errors import GatekeeperError
from migrations_lint.errors import LintError
from smoke.errors import SmokeError

Examination = Callable[[Settings], Iterator[Examined]]

EXAMINATIONS: tuple[tuple[str, Examination], ...] = (
    ("migrations", history.migrations),
    ("repository", history.repository),
    ("staging", databases.staging),
    ("target", databases.target),
    ("smoke checks", site.checks),
    ("browser", site.browser),
    ("objectives", site.measures),
    ("provider", deploys.provider),
    ("gate", deploys.gate),
    ("store", deploys.store),
)


def examine(settings: Settings) -> Iterator[Examined]:
    """Each subject in turn; databases and the site are only asked, never changed."""
    for subject, examination in EXAMINATIONS:
        try:
            yield from examination(settings)
        except (GatekeeperError, LintError, SmokeError) as error:
            yield wrong(subject, ": ".join([error.what, *error.seen]), error.next_step)
