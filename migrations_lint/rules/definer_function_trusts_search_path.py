"""SECURITY DEFINER without a search_path of its own: its caller decides which tables and functions it finds."""

from collections.abc import Iterator

from migrations_lint.model import ChangesFunction, CreatesFunction, Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def definer_function_trusts_search_path(moment: Moment) -> Iterator[Finding]:
    """PostgreSQL 18, CREATE FUNCTION, "Writing SECURITY DEFINER Functions Safely"."""
    for name, definer, path in _functions(moment):
        if definer and path is None:
            yield moment.finding(
                f"{name} runs with its owner's rights, and finds tables and functions by its caller's search_path: "
                "whoever "
                "may create objects in a schema of that path can run anything as the owner",
                help="Add SET search_path = pg_catalog, public, pg_temp to the function, pg_temp last.",
                severity=Severity.WARNING,
            )


def _functions(moment: Moment) -> Iterator[tuple[str, bool, str | None]]:
    for made in moment.all(CreatesFunction):
        yield made.function.name, made.function.security_definer, made.function.search_path
    for changed in moment.all(ChangesFunction):
        known = moment.before.functions.get(changed.name)
        kept = known.search_path if known is not None else None
        yield changed.name, changed.security_definer is True, changed.search_path or kept
