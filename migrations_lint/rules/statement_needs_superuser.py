"""A statement that a managed server refuses to an ordinary role, or that reaches beyond this database."""

from collections.abc import Iterator

from migrations_lint.model import ChangesObject, CreatesObject, DropsObject, Finding, ObjectKind, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule

_BEYOND = {
    ObjectKind.SYSTEM: "ALTER SYSTEM changes the whole server, and only a superuser may",
    ObjectKind.TABLESPACE: "a tablespace is the whole server's, and only a superuser may make one",
    ObjectKind.EVENT_TRIGGER: "an event trigger fires for every schema change, and only a superuser may make one",
    ObjectKind.LANGUAGE: "an untrusted language can do anything on the server, and only a superuser may add one",
    ObjectKind.ROLE: "a role belongs to the whole server: its other databases see it, a second run finds it there",
}


@rule
def statement_needs_superuser(moment: Moment) -> Iterator[Finding]:
    """Once a statement; roles need only CREATEROLE, but are no part of a database's schema either."""
    if not moment.has(CreatesObject, ChangesObject, DropsObject):
        return
    touched = [fact.kind for fact in moment.facts if isinstance(fact, CreatesObject | ChangesObject | DropsObject)]
    for kind in dict.fromkeys(touched):
        if kind in _BEYOND:
            yield moment.finding(
                _BEYOND[kind],
                help="Leave it to whoever provides the server (its own configuration, or the platform's), not to a "
                "migration.",
                severity=Severity.NOTE if kind is ObjectKind.ROLE else Severity.WARNING,
            )
