"""GRANT to PUBLIC, of ALL, or on every table of a schema."""

from collections.abc import Iterator

from migrations_lint.model import ChangesPrivileges, Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule

_DATA = frozenset({"TABLE", "SEQUENCE", "LARGEOBJECT"})


@rule
def grant_opens_data(moment: Moment) -> Iterator[Finding]:
    """One finding a statement, the widest. EXECUTE and USAGE for PUBLIC are PostgreSQL's own defaults."""
    for grant in moment.all(ChangesPrivileges):
        if not grant.grants or grant.kind not in _DATA:
            continue
        what = _target(grant)
        if "public" in grant.roles:
            yield moment.finding(
                f"every role that can connect, those made later included, gets {_rights(grant)} on {what}",
                help="Grant it to the role of the application, not to PUBLIC.",
                relations=grant.relations,
            )
        elif "all" in grant.privileges and grant.kind == "TABLE":
            yield moment.finding(
                f"{', '.join(grant.roles)} may also TRUNCATE {what} (which no policy stops), and put triggers on it",
                help=f"Grant what is needed: GRANT SELECT, INSERT, UPDATE, DELETE ON {what} TO "
                f"{', '.join(grant.roles)}.",
                relations=grant.relations,
                severity=Severity.WARNING,
            )
        elif grant.in_schema and grant.kind == "TABLE":
            yield moment.finding(
                f"{', '.join(grant.roles)} gets {_rights(grant)} on {what}, whatever they hold",
                help="Name the tables.",
                severity=Severity.NOTE,
            )


def _target(grant: ChangesPrivileges) -> str:
    if grant.defaults:
        return "tables made later"
    if grant.in_schema:
        return f"all tables in schema {', '.join(grant.names)}"
    return ", ".join(map(str, grant.relations)) or ", ".join(grant.names)


def _rights(grant: ChangesPrivileges) -> str:
    return ", ".join(grant.privileges).upper()
