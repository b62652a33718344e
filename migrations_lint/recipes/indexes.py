"""Indexes built, dropped and attached beside traffic."""

from migrations_lint.dialect import quoted, spelled
from migrations_lint.model import CreatesIndex, DropsIndex, Fix, Relation, RelationKind
from migrations_lint.moment import Moment
from migrations_lint.parse.text import SqlText
from migrations_lint.recipes.known import LONGEST_NAME, if_unknown, is_partitioned
from migrations_lint.snapshot import Table
from migrations_lint.steps import alone, here, later


def build_concurrently(moment: Moment, index: CreatesIndex) -> Fix | None:
    """CREATE INDEX CONCURRENTLY; PostgreSQL refuses it on a partitioned table."""
    if is_partitioned(moment, index.relation):
        return None
    name = spelled(index.index)
    return moment.fix(
        alone(moment.text.insert_after("INDEX", " CONCURRENTLY"), undo=f"DROP INDEX CONCURRENTLY IF EXISTS {name}"),
        undo=f"DROP INDEX {name}",
        unsafe=if_unknown(moment, index.relation, "CREATE INDEX CONCURRENTLY"),
    )


def drop_concurrently(moment: Moment, index: DropsIndex) -> Fix | None:
    """DROP INDEX CONCURRENTLY, which takes one index at a time and no CASCADE."""
    if sum(1 for _ in moment.all(DropsIndex)) > 1 or moment.text.has("CASCADE"):
        return None
    unsafe = "the history does not say whose index it is, and one of a partitioned table cannot go this way"
    return moment.fix(
        alone(moment.text.insert_after("INDEX", " CONCURRENTLY")), unsafe=None if index.relation is not None else unsafe
    )


def reindex_concurrently(moment: Moment) -> Fix | None:
    """REINDEX … CONCURRENTLY; system catalogs cannot be done this way, and DROP of the old index waits for readers."""
    scope = next((word for word in ("INDEX", "TABLE", "SCHEMA", "DATABASE") if moment.text.has(word)), None)
    return moment.fix(alone(moment.text.insert_after(scope, " CONCURRENTLY"))) if scope is not None else None


def partition_by_partition(moment: Moment, index: CreatesIndex) -> Fix | None:
    """The index on the parent alone, one built concurrently on each partition, and those attached.

    They get the names that PostgreSQL would give them. Only where every partition is known, none partitioned again.
    """
    partitions = sorted(moment.before.children(index.relation), key=lambda child: child.relation)
    parent = moment.before.find(index.relation)
    plain = not any(column.startswith("(") for column in index.columns)
    if index.concurrently or not plain or parent is None or not parent.certain or not partitions:
        return None
    if any(child.kind is not RelationKind.TABLE or child.partition_of != index.relation for child in partitions):
        return None
    names = [_index_of_partition(child, index) for child in partitions]
    if any(len(name.name.encode()) > LONGEST_NAME or moment.before.find(name) is not None for name in names):
        return None
    drop = f"DROP INDEX {spelled(index.index)}"
    return moment.fix(
        here(moment.text.insert_after("ON", " ONLY"), undo=f"DROP INDEX IF EXISTS {spelled(index.index)}"),
        *(
            alone(
                _on_partition(moment.text, child, name),
                undo=f"DROP INDEX CONCURRENTLY IF EXISTS {spelled(name)}",
            )
            for child, name in zip(partitions, names, strict=True)
        ),
        later(
            f"ALTER INDEX {spelled(index.index)} ATTACH PARTITION {spelled(names[0])}",
        ),
        *(here(f"ALTER INDEX {spelled(index.index)} ATTACH PARTITION {spelled(name)}") for name in names[1:]),
        undo=drop,
    )


def _index_of_partition(partition: Table, index: CreatesIndex) -> Relation:
    return Relation(partition.relation.schema, "_".join([partition.relation.name, *index.columns, "idx"]))


def _on_partition(text: SqlText, partition: Table, name: Relation) -> SqlText:
    """The parent's statement, for one partition."""
    head = text.cut_at("INDEX").sql
    rest = text.behind_name_after("ON").sql
    if head is None or rest is None:
        return SqlText(None)
    return SqlText(f"{head} INDEX CONCURRENTLY {quoted(name.name)} ON {spelled(partition.relation)}{rest}")
