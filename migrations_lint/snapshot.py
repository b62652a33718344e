"""The schema as far as it is known: tables, columns, indexes and constraints, never data.

A `SchemaSnapshot` is what the migrations so far have built; the facts read it, `catalog.py` writes it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from migrations_lint.model import (
    Column,
    Constraint,
    ConstraintKind,
    Function,
    ObjectKind,
    Policy,
    Relation,
    RelationKind,
    TableProperty,
    Trigger,
    UserType,
)

TEMPORARY = "pg_temp"  # the schema that stands for a session's own, in which a bare name is looked up first


@dataclass(frozen=True, slots=True)
class Index:
    """An index: its name, its key columns (an expression stands as its text in parentheses), whether it is unique.

    `predicate` is the WHERE of a partial one; `plain`: every key has its type's own operator class and order;
    `part_of`: the index of the partitioned table that it belongs to.
    `valid` is False for what a failed CREATE INDEX CONCURRENTLY has left behind.
    """

    name: Relation
    columns: tuple[str, ...]
    unique: bool = False
    method: str = "btree"
    predicate: str | None = None
    included: tuple[str, ...] = ()
    plain: bool = True
    of_constraint: bool = False
    part_of: Relation | None = None
    valid: bool = True

    def finds_by(self, columns: Sequence[str]) -> bool:
        """Whether rows are found through it by these columns: it begins with them, in whatever order.

        A partial index counts where it leaves out NULLs alone, which no foreign key looks for.
        """
        whole = self.predicate is None or self.predicate.lower() in {
            f"{column.lower()} is not null" for column in columns
        }
        return self.valid and whole and set(self.columns[: len(columns)]) == set(columns)


@dataclass(frozen=True, slots=True)
class Size:
    """How large a relation is in production, as far as its statistics tell; None is not known.

    `heap_bytes` are the rows themselves, `toast_bytes` their long values kept apart, `index_bytes` all its indexes.
    """

    rows: int | None = None
    heap_bytes: int | None = None
    toast_bytes: int | None = None
    index_bytes: int | None = None


EMPTY = Size(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Table:
    """A table, view, materialized view or sequence.

    `certain` is False where IF NOT EXISTS may have found something else in its place, `complete` where not all of its
    columns are known. `reads` and `mentions` are what a view's query names; `data_type` is a sequence's. `granted` are
    the roles that were given any right on it. The rest is as the facts of the same names tell. `size` is
    known only of what stands in a snapshot of production.
    """

    relation: Relation
    kind: RelationKind
    columns: Mapping[str, Column] = field(default_factory=dict)
    constraints: Mapping[str, Constraint] = field(default_factory=dict)
    indexes: tuple[Index, ...] = ()
    partition_of: Relation | None = None
    is_default_partition: bool = False
    inherits: tuple[Relation, ...] = ()
    reads: tuple[Relation, ...] = ()
    owned_by: tuple[Relation, str] | None = None
    certain: bool = True
    complete: bool = True
    mentions: tuple[str, ...] = ()
    triggers: Mapping[str, Trigger] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    row_security: bool = False
    row_security_forced: bool = False
    granted: frozenset[str] = frozenset()
    parameters: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[TableProperty, str] = field(default_factory=dict)
    partition_key: tuple[str, ...] = ()
    bound: str | None = None
    data_type: str | None = None
    size: Size | None = None

    @property
    def primary_key(self) -> Constraint | None:
        """The primary key, if it is known to have one."""
        return next((c for c in self.constraints.values() if c.kind is ConstraintKind.PRIMARY_KEY), None)

    def lacks_column(self, column: str) -> bool:
        """Whether it is known that there is no column of this name."""
        return self.certain and self.complete and column not in self.columns

    def proves_not_null(self, column: str) -> bool:
        """Whether a valid constraint already says that no row has NULL there."""
        known = self.columns.get(column)
        if known is not None and known.not_null:
            return True
        return any(
            constraint.valid and column in constraint.not_null_columns for constraint in self.constraints.values()
        )

    def constraints_on(self, column: str) -> Iterator[Constraint]:
        """The constraints that mention a column."""
        return (constraint for constraint in self.constraints.values() if column in constraint.columns)


@dataclass(slots=True)
class SchemaSnapshot:
    """All relations known by name, and the types, functions, publications, schemas and extensions that were made.

    A publication's value is None where it publishes more than the tables it names. `statistics` tells on which table
    each statistics object is. `default_grants` are the roles to which ALTER DEFAULT PRIVILEGES grants new tables, by
    schema, `""` standing for all.
    """

    tables: dict[Relation, Table] = field(default_factory=dict)
    types: dict[str, UserType] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    publications: dict[str, tuple[Relation, ...] | None] = field(default_factory=dict)
    objects: set[tuple[ObjectKind, str]] = field(default_factory=set)
    default_grants: dict[str, frozenset[str]] = field(default_factory=dict)
    statistics: dict[str, Relation] = field(default_factory=dict)

    def copy(self) -> "SchemaSnapshot":
        """A snapshot that goes its own way from here; what is in it is frozen and shared."""
        return SchemaSnapshot(
            dict(self.tables),
            dict(self.types),
            dict(self.functions),
            dict(self.publications),
            set(self.objects),
            dict(self.default_grants),
            dict(self.statistics),
        )

    def become(self, other: "SchemaSnapshot") -> None:
        """Go back to a copy made earlier, as a rollback does."""
        self.tables, self.types = dict(other.tables), dict(other.types)
        self.functions, self.publications = dict(other.functions), dict(other.publications)
        self.objects, self.default_grants = set(other.objects), dict(other.default_grants)
        self.statistics = dict(other.statistics)

    def doubt(self) -> None:
        """From here on there may be columns that nobody knows of: something unreadable has run."""
        self.tables = {relation: replace(table, complete=False) for relation, table in self.tables.items()}

    def end_session(self) -> None:
        """Temporary tables go with the session that made them."""
        self.tables = {relation: table for relation, table in self.tables.items() if relation.schema != TEMPORARY}

    def find(self, relation: Relation) -> Table | None:
        """The relation of that name, if it is known."""
        return self.tables.get(relation)

    def granted_to(self, schema: str) -> frozenset[str]:
        """The roles that get rights on a table made in this schema, without another word."""
        return self.default_grants.get("", frozenset()) | self.default_grants.get(schema, frozenset())

    def put(self, table: Table) -> None:
        """Add or replace a relation."""
        self.tables[table.relation] = table

    def children(self, relation: Relation) -> Iterator[Table]:
        """Partitions and inheriting tables, theirs included."""

        def is_below(table: Table, above: Relation) -> bool:
            of = table.partition_of
            return (of is not None and of == above) or (bool(table.inherits) and above in table.inherits)

        yield from self._reached(relation, is_below, {relation})

    def default_partition(self, relation: Relation) -> Table | None:
        """The default partition of a partitioned table."""
        return next((t for t in self.tables.values() if t.partition_of == relation and t.is_default_partition), None)

    def foreign_keys_to(self, relation: Relation) -> Iterator[tuple[Table, Constraint]]:
        """Foreign keys of other tables that point here."""
        for table in self.tables.values():
            for constraint in table.constraints.values():
                is_key = constraint.kind is ConstraintKind.FOREIGN_KEY and constraint.references == relation
                if is_key and table.relation != relation:
                    yield table, constraint

    def columns_referenced(self, key: Constraint) -> tuple[str, ...]:
        """The columns that a foreign key points to, the primary key's where it names none."""
        if key.referenced_columns or key.references is None:
            return key.referenced_columns
        table = self.find(key.references)
        primary = table.primary_key if table is not None else None
        return primary.columns if primary is not None else ()

    def parents(self, relation: Relation) -> Iterator[Relation]:
        """What it is a partition of or inherits from, theirs included."""
        waiting, seen = [relation], {relation}
        while waiting:
            table = self.find(waiting.pop(0))
            above = (*((table.partition_of,) if table.partition_of else ()), *table.inherits) if table else ()
            fresh = [parent for parent in dict.fromkeys(above) if parent not in seen]
            yield from fresh
            waiting += fresh
            seen |= set(fresh)

    def views_over(self, relation: Relation) -> Iterator[Table]:
        """Views and materialized views that read it, directly or through another view."""
        yield from self._reached(relation, lambda view, read: read in view.reads, {relation})

    def _reached(
        self, relation: Relation, leads: Callable[[Table, Relation], bool], seen: set[Relation]
    ) -> Iterator[Table]:
        """What it leads to, and what that does; scripts that PostgreSQL refuses may well go round in a circle."""
        for table in list(self.tables.values()):
            if leads(table, relation) and table.relation not in seen:
                seen.add(table.relation)
                yield table
                yield from self._reached(table.relation, leads, seen)

    def owned_sequences(self, relation: Relation, column: str | None = None) -> Iterator[Table]:
        """Sequences that a column of this table owns."""
        for table in self.tables.values():
            owner = table.owned_by
            if owner is not None and owner[0] == relation and column in {None, owner[1]}:
                yield table

    def users_of_type(self, name: str) -> Iterator[tuple[Table, Column]]:
        """The columns of a type, or of an array of it; those of domains over it too."""
        names = {name, *(other.name for other in self.types.values() if other.base == name)}
        for table in list(self.tables.values()):
            for column in table.columns.values():
                if column.type.removesuffix("[]") in names and table.kind is not RelationKind.VIEW:
                    yield table, column

    def is_published(self, relation: Relation) -> bool:
        """Whether a publication is known that replicates the table."""
        return any(tables is None or relation in tables for tables in self.publications.values())

    def table_of_index(self, index: Relation) -> Table | None:
        """The table that has an index of this name."""
        for table in self.tables.values():
            for known in table.indexes:
                if known.name == index:
                    return table
        return None

    def rename(self, relation: Relation, to: Relation) -> None:
        """Give a relation another name; what points to it follows."""
        table = self.tables.pop(relation, None)
        if table is None:
            return
        self.tables[to] = replace(table, relation=to)
        for other in list(self.tables.values()):
            self.tables[other.relation] = _following(other, relation, to)


def _following(table: Table, relation: Relation, to: Relation) -> Table:
    def new(name: Relation | None) -> Relation | None:
        return to if name == relation else name

    owner = table.owned_by
    return replace(
        table,
        partition_of=new(table.partition_of),
        inherits=tuple(new(name) or name for name in table.inherits),
        reads=tuple(new(name) or name for name in table.reads),
        owned_by=(to, owner[1]) if owner and owner[0] == relation else owner,
        constraints={
            name: replace(constraint, references=new(constraint.references))
            for name, constraint in table.constraints.items()
        },
    )
