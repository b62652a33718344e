"""What a way back did not restore: two catalogs in, differences in SQL words out."""

from collections.abc import Iterator, Mapping

from gatekeeper.model.proof import DifferenceClass, SchemaDifference
from gatekeeper.staging.catalog import Catalog, Entry

_Entries = Mapping[tuple[str, str], Entry]


def compare(before: Catalog, after: Catalog) -> tuple[SchemaDifference, ...]:
    """Lost, left over and changed objects, and columns in another order; what hangs on a missing one is not told."""
    differences = [
        *(_absence(DifferenceClass.LOST, entry) for entry in _only_in(before.entries, after.entries)),
        *(_absence(DifferenceClass.LEFT_OVER, entry) for entry in _only_in(after.entries, before.entries)),
        *_changed(before.entries, after.entries),
        *_reordered(before, after),
    ]
    return tuple(sorted(differences, key=lambda found: (found.name, found.kind, found.difference.value)))


def refutes(differences: tuple[SchemaDifference, ...]) -> bool:
    """Whether the schema is not what it was, column order aside."""
    return any(difference.refutes for difference in differences)


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
    )


def _changed(before: _Entries, after: _Entries) -> Iterator[SchemaDifference]:
    for key, entry in before.items():
        now = after.get(key)
        if now is not None and now.definition != entry.definition:
            yield SchemaDifference(DifferenceClass.CHANGED, entry.kind, entry.name, entry.definition, now.definition)


def _reordered(before: Catalog, after: Catalog) -> Iterator[SchemaDifference]:
    for relation, columns in before.column_order.items():
        now = after.column_order.get(relation, ())
        if columns != now and sorted(columns) == sorted(now):
            yield SchemaDifference(DifferenceClass.ORDER, "table", relation, before=_names(columns), after=_names(now))


def _names(columns: tuple[str, ...]) -> str:
    return ", ".join(column.rpartition(".")[2] for column in columns)
