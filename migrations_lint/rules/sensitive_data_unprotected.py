"""A column whose name says that it holds sensitive data, with nothing that says how it is guarded."""

from collections.abc import Iterator

from migrations_lint.model import (
    AddsColumn,
    CheckedStatement,
    Column,
    Comments,
    CreatesIndex,
    CreatesRelation,
    Finding,
    Relation,
    RowChange,
    Severity,
)
from migrations_lint.release import Release
from migrations_lint.rules import release_rule

_NO_CLEAR_TEXT = frozenset({"bytea", "boolean"})
_SPREADING = (CreatesRelation, AddsColumn, CreatesIndex, RowChange)


@release_rule
def sensitive_data_unprotected(release: Release) -> Iterator[Finding]:
    """Encrypted columns are bytea, hashes are named so; a comment that classifies the column says it is known."""
    if not release.has(*_SPREADING):
        return
    known = _classified(release)
    for checked, statement in release.statements(*_SPREADING):
        columns = [one for one in _columns(release, statement) if (one[0], one[1].name) not in known]
        for relation, column in columns:
            yield release.finding(
                checked,
                statement,
                f"{relation}.{column.name} looks like sensitive data, in clear ({column.type}) and without a word on "
                "how it is "
                "guarded",
                help="Encrypt it in the application (bytea), or say that it is known: COMMENT ON COLUMN "
                f"{relation}.{column.name} IS "
                f"'{release.settings.classified_as[0]}: who may read it, and how it is masked in copies'.",
                relations=(relation,),
            )
        for relation, name, how in _spread(release, statement):
            yield release.finding(
                checked,
                statement,
                f"sensitive values of {relation}.{name} {how}",
                help="Keep one place for them, and let the rest refer to it.",
                relations=(relation,),
                severity=Severity.NOTE,
            )


def _columns(release: Release, statement: CheckedStatement) -> Iterator[tuple[Relation, Column]]:
    found = [(made.relation, column) for made in statement.all(CreatesRelation) for column in made.columns]
    found += [(added.relation, added.column) for added in statement.all(AddsColumn)]
    for relation, column in found:
        if release.settings.is_sensitive(column.name) and column.type not in _NO_CLEAR_TEXT:
            yield relation, column


def _spread(release: Release, statement: CheckedStatement) -> Iterator[tuple[Relation, str, str]]:
    for index in statement.all(CreatesIndex):
        for name in index.columns:
            if release.settings.is_sensitive(name):
                yield index.relation, name, f"stand in index {index.index.name} too, in order"
    for change in statement.all(RowChange):
        for name in change.columns or ():
            if change.from_query and release.settings.is_sensitive(name):
                yield change.relation, name, "are copied there from another table"


def _classified(release: Release) -> set[tuple[Relation, str]]:
    found: set[tuple[Relation, str]] = set()
    for _, statement in release.statements(Comments):
        for comment in statement.all(Comments):
            text = (comment.text or "").lower()
            if comment.column is not None and any(word in text for word in release.settings.classified_as):
                found.add((comment.relation, comment.column))
    return found
