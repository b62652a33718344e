"""A function changed on which indexes, checks or generated columns rely to answer as it did."""

from collections.abc import Iterator

from migrations_lint.model import ChangesFunction, CreatesFunction, Finding, Severity, Volatility
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def volatility_change_corrupts_indexes(moment: Moment) -> Iterator[Finding]:
    """PostgreSQL takes IMMUTABLE at its word and never looks again at what it has computed."""
    for changed in moment.all(ChangesFunction):
        known = moment.before.functions.get(changed.name)
        if changed.volatility is Volatility.IMMUTABLE and (
            known is None or known.volatility is not Volatility.IMMUTABLE
        ):
            yield moment.finding(
                f"{changed.name} is declared IMMUTABLE: where that is not true, indexes built on it give wrong answers",
                help="Only say so of a function that reads no table and no setting and gives the same for the same, "
                "for ever.",
                severity=Severity.WARNING,
            )
    for made in moment.all(CreatesFunction):
        before = made.replaces
        if before is None or before.body == made.function.body or before.volatility is not Volatility.IMMUTABLE:
            continue
        users = tuple(_users(moment, made.function.name))
        if users:
            yield moment.finding(
                f"{', '.join(users)} keep what the old {made.function.name} computed: rows are no longer found, or "
                "checked, by "
                "what the new one says",
                help=f"Make a function of another name, and build {users[0]} anew on it; or REINDEX CONCURRENTLY "
                "afterwards.",
            )


def _users(moment: Moment, function: str) -> Iterator[str]:
    call = f"{function}("
    for table in moment.before.tables.values():
        for index in table.indexes:
            if any(call in text for text in (*index.columns, index.predicate or "")):
                yield f"index {index.name.name}"
        for constraint in table.constraints.values():
            if call in (constraint.expression or ""):
                yield f"constraint {constraint.name} of {table.relation}"
