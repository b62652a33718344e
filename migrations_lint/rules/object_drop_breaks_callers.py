"""A function, type or extension dropped while something may still call it."""

from collections.abc import Iterator

from migrations_lint.model import CreatesFunction, CreatesType, DropsObject, Finding, ObjectKind, Severity
from migrations_lint.release import Release
from migrations_lint.rules import release_rule

_CALLED = frozenset({ObjectKind.FUNCTION, ObjectKind.EXTENSION, ObjectKind.DOMAIN})


@release_rule
def object_drop_breaks_callers(release: Release) -> Iterator[Finding]:
    """Silent for functions that the release makes: those are dropped to be made anew."""
    if not release.has(DropsObject, CreatesFunction):
        return
    facts = [fact for _, statement in release.statements() for fact in statement.facts]
    made = {fact.function.name for fact in facts if isinstance(fact, CreatesFunction)}
    made |= {fact.type.name for fact in facts if isinstance(fact, CreatesType)}
    for checked, statement in release.statements():
        for dropped in statement.all(DropsObject):
            if dropped.kind not in _CALLED or dropped.name.partition("(")[0] in made:
                continue
            what = f"{dropped.kind.value.lower()} {dropped.name}"
            yield release.finding(
                checked,
                statement,
                f"queries of the running release, triggers and defaults that use {what} fail from here on",
                help="Release code that no longer uses it first; drop it in a later release.",
                severity=Severity.WARNING,
            )
        for made_anew in statement.all(CreatesFunction):
            old = made_anew.replaces
            if made_anew.or_replace and old is not None and old.arguments != made_anew.function.arguments:
                yield release.finding(
                    checked,
                    statement,
                    f"function {old.name} with other arguments stays beside the new one, and calls may reach either",
                    help=f"DROP FUNCTION {old.name} with its old arguments once nothing calls it, or give the new one "
                    "another name.",
                    severity=Severity.NOTE,
                )
