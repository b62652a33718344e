"""A table named without its schema: which one is meant, search_path decides."""

from collections.abc import Iterator

from migrations_lint.model import Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import opt_in, rule


@opt_in
@rule
def name_depends_on_search_path(moment: Moment) -> Iterator[Finding]:
    """Silent where the script itself sets search_path."""
    if moment.session.parameter("search_path") is not None:
        return
    names = moment.bare_names()
    if names:
        yield moment.finding(
            f"{', '.join(names)} may be found in another schema, or made in one, where the role's search_path differs",
            help=f"Say the schema: {names[0]} is taken to be public.{names[0]} here.",
            severity=Severity.NOTE,
        )
