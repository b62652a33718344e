"""The safe forms that several rules point to, as fixes in the user's own names.

A recipe answers None where the statement has no such form, or its text does not show where to change it. Sources: the
notes on CREATE INDEX, ALTER TABLE and DROP INDEX in PostgreSQL 18; `docs/concepts/fixes.md` tells the recipes.
"""

from migrations_lint.dialect import quoted, spelled
from migrations_lint.model import (
    AddsColumn,
    AddsConstraint,
    Certainty,
    CheckedStatement,
    Constraint,
    ConstraintKind,
    CreatesIndex,
    DetachesPartition,
    DropsIndex,
    Fix,
    LockFact,
    RefreshesView,
    Relation,
    RelationKind,
    RenamesRelation,
    SetsNotNull,
)
from migrations_lint.moment import Moment
from migrations_lint.parse.text import SqlText
from migrations_lint.snapshot import Index, Table
from migrations_lint.steps import alone, fix_of, here, later

_NOT_VALID_KEYS_ON_PARTITIONED_SINCE = 18
_NOT_NULL_CONSTRAINTS_SINCE = 18
_LONGEST_NAME = 63  # bytes: NAMEDATALEN - 1
_OF_A_COLUMN = frozenset({"CONSTRAINT", "NOT", "NULL", "CHECK", "UNIQUE", "PRIMARY", "REFERENCES", "COLLATE"})
_KEYWORDS = {
    ConstraintKind.CHECK: ("CHECK",),
    ConstraintKind.FOREIGN_KEY: ("FOREIGN KEY",),
    ConstraintKind.NOT_NULL: ("NOT NULL",),
    ConstraintKind.UNIQUE: ("UNIQUE",),
    ConstraintKind.PRIMARY_KEY: ("PRIMARY KEY",),
}


def build_concurrently(moment: Moment, index: CreatesIndex) -> Fix | None:
    """CREATE INDEX CONCURRENTLY; PostgreSQL refuses it on a partitioned table."""
    if _is_partitioned(moment, index.relation):
        return None
    name = spelled(index.index)
    return moment.fix(
        alone(moment.text.insert_after("INDEX", " CONCURRENTLY"), undo=f"DROP INDEX CONCURRENTLY IF EXISTS {name}"),
        undo=f"DROP INDEX {name}",
        unsafe=_if_unknown(moment, index.relation, "CREATE INDEX CONCURRENTLY"),
    )


def drop_concurrently(moment: Moment, index: DropsIndex) -> Fix | None:
    """DROP INDEX CONCURRENTLY, which takes one index at a time and no CASCADE."""
    if sum(1 for _ in moment.all(DropsIndex)) > 1 or moment.text.has("CASCADE"):
        return None
    unsafe = "the history does not say whose index it is, and one of a partitioned table cannot go this way"
    return moment.fix(
        alone(moment.text.insert_after("INDEX", " CONCURRENTLY")), unsafe=None if index.relation is not None else unsafe
    )


def outside_transaction(moment: Moment) -> Fix | None:
    """The statement as it is, where no transaction is open."""
    return moment.fix(alone(moment.text))


def in_later_transaction(moment: Moment) -> Fix | None:
    """The statement as it is, once everything before it is committed."""
    return moment.fix(later(moment.text))


def not_valid_then_validate(moment: Moment, added: AddsConstraint) -> Fix | None:
    """ADD CONSTRAINT … NOT VALID, and VALIDATE CONSTRAINT when its strong lock is gone."""
    constraint, alter = added.constraint, moment.alter_table
    at = alter.adds(constraint.name, _KEYWORDS[constraint.kind]) if alter else None
    if alter is None or at is None or not _may_be_called(moment, added.relation, constraint):
        return None
    needs_plain = (
        constraint.kind is ConstraintKind.FOREIGN_KEY
        and moment.settings.server_version < _NOT_VALID_KEYS_ON_PARTITIONED_SINCE
    )
    if needs_plain and _is_partitioned(moment, added.relation):
        return None
    name = quoted(constraint.name)
    command = _named(alter.commands[at], name).append(" NOT VALID")
    drop = f"DROP CONSTRAINT IF EXISTS {name}"
    return moment.fix(
        here(alter.with_command(at, command), undo=alter.companion(drop)),
        later(alter.companion(f"VALIDATE CONSTRAINT {name}"), undo=alter.companion(f"{drop},{command.sql}")),
        undo=alter.companion(f"DROP CONSTRAINT {name}") if len(alter.commands) == 1 else None,
        unsafe=_if_unknown(moment, added.relation, "a foreign key NOT VALID") if needs_plain else None,
    )


def column_check_apart(moment: Moment, added: AddsConstraint) -> Fix | None:
    """The column without its CHECK; the CHECK for itself NOT VALID, and validated later."""
    constraint, alter = added.constraint, moment.alter_table
    if alter is None or len(alter.commands) != 1 or not _may_be_called(moment, added.relation, constraint):
        return None
    (command,) = alter.commands
    check, name = command.group_after("CHECK"), quoted(constraint.name)
    if check is None or command.words().count("CHECK") != 1:
        return None
    given = f"CONSTRAINT {name} CHECK" if command.has("CONSTRAINT") else "CHECK"
    plain = command.without(given, group=True)
    drop, add = f"DROP CONSTRAINT IF EXISTS {name}", f"ADD CONSTRAINT {name} CHECK {check} NOT VALID"
    return moment.fix(
        here(alter.with_command(0, plain)),
        here(alter.companion(add), undo=alter.companion(drop)),
        later(alter.companion(f"VALIDATE CONSTRAINT {name}"), undo=alter.companion(f"{drop}, {add}")),
    )


def not_null_without_scan(moment: Moment, change: SetsNotNull) -> Fix | None:
    """A NOT NULL constraint that is NOT VALID; before PostgreSQL 18 a CHECK that is validated and then dropped."""
    alter = moment.alter_table
    name = f"{change.relation.name}_{change.column}_not_null"
    if alter is None or len(alter.commands) != 1 or not _is_free(moment, change.relation, name):
        return None
    column, name = quoted(change.column), quoted(name)
    undo = alter.companion(f"ALTER COLUMN {column} DROP NOT NULL")
    drop = f"DROP CONSTRAINT IF EXISTS {name}"
    validate = alter.companion(f"VALIDATE CONSTRAINT {name}")
    if moment.settings.server_version >= _NOT_NULL_CONSTRAINTS_SINCE:
        add = f"ADD CONSTRAINT {name} NOT NULL {column} NOT VALID"
        return moment.fix(
            here(alter.companion(add), undo=alter.companion(drop)),
            later(validate, undo=alter.companion(f"{drop}, {add}")),
            undo=undo,
        )
    add = f"ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID"
    return moment.fix(
        here(alter.companion(add), undo=alter.companion(drop)),
        later(validate),
        here(moment.text, undo=undo),
        here(alter.companion(f"DROP CONSTRAINT {name}"), undo=alter.companion(add)),
        undo=undo,
    )


def constraint_using_index(moment: Moment, added: AddsConstraint) -> Fix | None:
    """A unique index built concurrently, which the constraint then takes over."""
    constraint, alter = added.constraint, moment.alter_table
    known = constraint.kind in {ConstraintKind.UNIQUE, ConstraintKind.PRIMARY_KEY}
    if alter is None or len(alter.commands) != 1 or not known or _is_partitioned(moment, added.relation):
        return None
    if not _may_be_called(moment, added.relation, constraint) or not _is_not_null(moment, added):
        return None
    (command,) = alter.commands
    keyword, name = _KEYWORDS[constraint.kind][0], quoted(constraint.name)
    columns = command.group_after(keyword)
    using = f"ADD CONSTRAINT {name} {keyword} USING INDEX {name}"
    if any(True for _ in moment.all(AddsColumn)):
        given = f"CONSTRAINT {name} {keyword}" if command.has("CONSTRAINT") else keyword
        first, columns = [here(alter.with_command(0, command.without(given)))], f"({quoted(constraint.columns[0])})"
    elif columns is not None and _ends_with_group(command, keyword):
        first = []
    else:
        return None
    return moment.fix(
        *first,
        alone(
            f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {alter.table} {columns}",
            undo=f"DROP INDEX CONCURRENTLY IF EXISTS {spelled(Relation(added.relation.schema, constraint.name))}",
        ),
        later(alter.companion(using), undo=alter.companion(f"DROP CONSTRAINT IF EXISTS {name}")),
        undo=None if first else alter.companion(f"DROP CONSTRAINT {name}"),
        unsafe=_if_unknown(moment, added.relation, "CREATE INDEX CONCURRENTLY"),
    )


def default_apart(moment: Moment, added: AddsColumn) -> Fix | None:
    """The column without its default; the default for new rows; the old rows filled when the lock is gone."""
    alter, column = moment.alter_table, added.column
    if alter is None or len(alter.commands) != 1 or column.not_null or column.identity or column.generated:
        return None
    (command,) = alter.commands
    default = _default_of(command)
    if default is None or column.default == "nextval()":
        return None
    name = quoted(column.name)
    return moment.fix(
        here(alter.with_command(0, command.cut_at("DEFAULT"))),
        here(alter.companion(f"ALTER COLUMN {name} SET DEFAULT {default}")),
        later(f"UPDATE {alter.table} SET {name} = {default} WHERE {name} IS NULL"),
    )


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
    if any(len(name.name.encode()) > _LONGEST_NAME or moment.before.find(name) is not None for name in names):
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


def compared_json(moment: Moment) -> Fix | None:
    """jsonb, which has an equality operator."""
    alter = moment.alter_table
    if alter is None or len(alter.commands) != 1:
        return None
    return moment.fix(
        here(alter.with_command(0, alter.commands[0].replaced("json", "jsonb"))),
        unsafe="jsonb keeps neither the order of keys, nor one that stands twice, nor space",
    )


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


def set_lock_timeout(moment: Moment) -> Fix | None:
    """lock_timeout, where and as the tool wants it: what `gatekeeper inject` writes."""
    return moment.fix()


def _named(command: SqlText, name: str) -> SqlText:
    """PostgreSQL would choose this name; a constraint that is to be validated later has to have it for certain."""
    return command if command.has("CONSTRAINT") else command.insert_after("ADD", f" CONSTRAINT {name}")


def _default_of(command: SqlText) -> str | None:
    """The expression behind DEFAULT, where nothing of the column follows it."""
    default = command.behind("DEFAULT")
    return default.sql if _OF_A_COLUMN.isdisjoint(default.words()) else None


def _ends_with_group(command: SqlText, keyword: str) -> bool:
    """Whether nothing follows the columns: no INCLUDE, no storage parameters, no DEFERRABLE."""
    return command.words()[-2 - len(keyword.split()) :] == (*keyword.split(), "(", ")")


def _index_of_partition(partition: Table, index: CreatesIndex) -> Relation:
    return Relation(partition.relation.schema, "_".join([partition.relation.name, *index.columns, "idx"]))


def _on_partition(text: SqlText, partition: Table, name: Relation) -> SqlText:
    """The parent's statement, for one partition."""
    head = text.cut_at("INDEX").sql
    rest = text.behind_name_after("ON").sql
    if head is None or rest is None:
        return SqlText(None)
    return SqlText(f"{head} INDEX CONCURRENTLY {quoted(name.name)} ON {spelled(partition.relation)}{rest}")


def _tells_rows_apart(index: Index) -> bool:
    return index.unique and not index.predicate and not any(column.startswith("(") for column in index.columns)


def _is_partitioned(moment: Moment, relation: Relation) -> bool:
    return moment.kind_of(relation) is RelationKind.PARTITIONED_TABLE


def _is_not_null(moment: Moment, added: AddsConstraint) -> bool:
    """A primary key over a column that may be NULL reads the whole table for it, also with USING INDEX."""
    if added.constraint.kind is ConstraintKind.UNIQUE:
        return True
    table = moment.before.find(added.relation)
    return table is not None and all(table.proves_not_null(column) for column in added.constraint.columns)


def _may_be_called(moment: Moment, relation: Relation, constraint: Constraint) -> bool:
    return _is_free(moment, relation, constraint.name)


def _is_free(moment: Moment, relation: Relation, name: str) -> bool:
    table = moment.before.find(relation)
    taken = table is not None and name in table.constraints
    return not taken and len(name.encode()) <= _LONGEST_NAME


def _if_unknown(moment: Moment, relation: Relation, what: str) -> str | None:
    """Why a fix that PostgreSQL refuses on a partitioned table is unsafe on one of which the history says nothing."""
    unsure = [
        lock for lock in moment.all(LockFact) if lock.relation == relation and lock.certainty is Certainty.ASSUMED
    ]
    if moment.before.find(relation) is not None or not unsure:
        return None
    return f"the history does not say what {relation} is, and PostgreSQL refuses {what} on a partitioned table"
