"""What a way back did not restore: two catalogs in, differences in SQL words out."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from gatekeeper.model.grade import COLUMN_ORDER, GRADES, Grade
from gatekeeper.model.proof import DifferenceClass, SchemaDifference
from gatekeeper.staging.catalog import Catalog, Entry

_Entries = Mapping[tuple[str, str], Entry]
_ENFORCES_OR_IS_BROKEN = re.compile(r"CREATE UNIQUE INDEX|INVALID|NOT READY")
_RIGHTS = re.compile(r"^ SET search_path .*\n|\s+SECURITY DEFINER", re.MULTILINE)


def compare(
    before: Catalog, after: Catalog, tolerate: Collection[str] = (COLUMN_ORDER,)
) -> tuple[SchemaDifference, ...]:
    """Lost, left over and changed objects, and columns in another order; what hangs on a missing one is not told.

    `tolerate` names kinds of objects and grades whose differences are told, but do not refute.
    """
    differences = [
        *(_absence(DifferenceClass.LOST, entry) for entry in _only_in(before.entries, after.entries)),
        *(_absence(DifferenceClass.LEFT_OVER, entry) for entry in _only_in(after.entries, before.entries)),
        *_changed(before.entries, after.entries),
        *_reordered(before, after),
    ]
    graded = [replace(difference, grade=_grade(difference)) for difference in differences]
    graded.sort(key=lambda found: (found.name, found.kind, found.difference.value))
    return tolerated(graded, tolerate)


def tolerated(differences: Iterable[SchemaDifference], tolerate: Collection[str]) -> tuple[SchemaDifference, ...]:
    """The same differences, those that `tolerate` names marked."""
    return tuple(
        replace(found, tolerated=_kind(found) in tolerate or found.grade.value in tolerate) for found in differences
    )


def refutes(differences: tuple[SchemaDifference, ...]) -> bool:
    """Whether the schema is not what it was, what is tolerated aside."""
    return any(difference.refutes for difference in differences)


def _kind(difference: SchemaDifference) -> str:
    return COLUMN_ORDER if difference.difference is DifferenceClass.ORDER else difference.kind


def _grade(difference: SchemaDifference) -> Grade:
    """By the kind of object, but for what its definition tells: what an index enforces, whose rights a function has."""
    kind, before, after = _kind(difference), difference.before or "", difference.after or ""
    if kind == "index" and _ENFORCES_OR_IS_BROKEN.search(f"{before} {after}"):
        return Grade.BREAKING
    if kind in {"function", "procedure"} and _RIGHTS.sub("", before) == _RIGHTS.sub("", after):
        return Grade.SECURITY
    return GRADES[kind]


def _only_in(here: _Entries, there: _Entries) -> Iterator[Entry]:
    # Some attributes bear the name of what they belong to: row level security that is off is no missing table.
    missing = {entry.name for key, entry in here.items() if key not in there and entry.belongs_to != entry.name}
    for key, entry in here.items():
        if key not in there and entry.belongs_to not in missing:
            yield entry


def _absence(difference: DifferenceClass, entry: Entry) -> SchemaDifference:
    is_lost = difference is DifferenceClass.LOST
    return SchemaDifference(
        difference,
        entry.kind,
        entry.name,
        before=entry.definition if is_lost else None,
        after=None if is_lost else entry.definition,
        relation=_table_of(entry),
    )


def _table_of(entry: Entry) -> str | None:
    """An index is told with its table; one that a constraint made belongs to the constraint."""
    if entry.kind != "index" or entry.belongs_to is None:
        return None
    return entry.belongs_to.partition(" on ")[2] or entry.belongs_to


def _changed(before: _Entries, after: _Entries) -> Iterator[SchemaDifference]:
    for key, entry in before.items():
        now = after.get(key)
        if now is not None and now.definition != entry.definition:
            yield SchemaDifference(
                DifferenceClass.CHANGED,
                entry.kind,
                entry.name,
                entry.definition,
                now.definition,
                relation=_table_of(entry),
            )


def _reordered(before: Catalog, after: Catalog) -> Iterator[SchemaDifference]:
    for relation, columns in before.column_order.items():
        now = after.column_order.get(relation, ())
        if columns != now and sorted(columns) == sorted(now):
            yield SchemaDifference(DifferenceClass.ORDER, "table", relation, before=_names(columns), after=_names(now))


def _names(columns: tuple[str, ...]) -> str:
    return ", ".join(column.rpartition(".")[2] for column in columns)
