"""Views refreshed, partitions detached, tables renamed while they are in use."""

from migrations_lint.dialect import quoted, spelled
from migrations_lint.model import CheckedStatement, DetachesPartition, Fix, RefreshesView, RelationKind, RenamesRelation
from migrations_lint.moment import Moment
from migrations_lint.snapshot import Index
from migrations_lint.steps import alone, fix_of, here


def detach_concurrently(moment: Moment, detached: DetachesPartition) -> Fix | None:
    """DETACH PARTITION … CONCURRENTLY, which PostgreSQL refuses beside a default partition."""
    if moment.before.default_partition(detached.parent) is not None:
        return None
    return moment.fix(
        alone(moment.text.append(" CONCURRENTLY")),
        unsafe=f"PostgreSQL leaves {detached.partition} with a CHECK that repeats its bound",
    )


def refresh_concurrently(moment: Moment, refresh: RefreshesView) -> Fix | None:
    """REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index over plain columns and all rows."""
    view = moment.before.find(refresh.relation)
    if view is None or not any(_tells_rows_apart(index) for index in view.indexes):
        return None
    return moment.fix(here(moment.text.insert_after("MATERIALIZED VIEW", " CONCURRENTLY")))


def view_under_old_name(at: CheckedStatement, renamed: RenamesRelation) -> Fix | None:
    """The old name stays, as a view that passes on what is written to it."""
    if renamed.kind is not RelationKind.TABLE or renamed.to.schema != renamed.relation.schema:
        return None
    back = f"ALTER TABLE {spelled(renamed.to)} RENAME TO {quoted(renamed.relation.name)}"
    view = f"CREATE VIEW {spelled(renamed.relation)} AS SELECT * FROM {spelled(renamed.to)}"
    return fix_of(
        at.statement,
        at.direction,
        here(at.statement.sql, undo=back),
        here(view, undo=f"DROP VIEW IF EXISTS {spelled(renamed.relation)}"),
        facts=at.facts,
        undo=back,
        unsafe="a view is no table: look at INSERT … ON CONFLICT, COPY, row security and rights under the old name",
    )


def _tells_rows_apart(index: Index) -> bool:
    return index.unique and not index.predicate and not any(column.startswith("(") for column in index.columns)
