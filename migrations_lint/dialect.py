"""How a safe rewrite is spelled in the migration's own tool: the words of help texts, in one place.

A rule says what should be done and asks the dialect for the words; a tool without a dialect of its own gets SQL.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from migrations_lint.model import Constraint, ConstraintKind, CreatesIndex, Relation
from migrations_lint.parse import quoted

__all__ = ["Dialect", "definition", "dialect_of", "listed", "quoted", "spelled"]


_LONGEST_EXPRESSION = 200


def spelled(relation: Relation) -> str:
    """A relation as SQL may spell it: without its schema where that is public."""
    name = quoted(relation.name)
    return name if relation.schema in {"public", "pg_temp"} else f"{quoted(relation.schema)}.{name}"


def listed(columns: Iterable[str]) -> str:
    """Columns with commas between them; an expression stands as it is."""
    return ", ".join(column if column.startswith("(") else quoted(column) for column in columns)


@dataclass(frozen=True, slots=True)
class Dialect:
    """Plain SQL.

    `outside` tells how a statement leaves the transaction that the tool opens, `ahead` where another one has to stand
    that is to run before it, outside as well.
    """

    outside: str = "in a migration that its runner does not wrap in a transaction"
    ahead: str = "before it"

    def statement(self, sql: str) -> str:
        """Any statement."""
        return f"`{sql}`"

    def create_index(self, index: CreatesIndex, written: str | None = None) -> str:
        """An index built concurrently, as its author has `written` it, if he has.

        Columns with an operator class or an order of their own are else left to the reader.
        """
        if written is not None:
            return self.statement(written)
        unique = "UNIQUE " if index.unique else ""
        where = f" WHERE {index.predicate}" if index.predicate else ""
        where = f" INCLUDE ({listed(index.included)}){where}" if index.included else where
        method = f" USING {index.method}" if index.method != "btree" else ""
        return self.statement(
            f"CREATE {unique}INDEX CONCURRENTLY {quoted(index.index.name)} ON {spelled(index.relation)}{method} "
            f"({listed(index.columns) if index.plain else '…'}){where}"
        )

    def drop_index(self, index: Relation, relation: Relation | None, *, if_exists: bool = False) -> str:
        """An index dropped concurrently."""
        return self.statement(f"DROP INDEX CONCURRENTLY {'IF EXISTS ' if if_exists else ''}{spelled(index)}")

    def add_not_valid(self, relation: Relation, constraint: Constraint) -> str:
        """A CHECK, foreign key or NOT NULL constraint that is not tried on the rows that are there."""
        return self.statement(
            f"ALTER TABLE {spelled(relation)} ADD CONSTRAINT {quoted(constraint.name)} {definition(constraint)} NOT "
            "VALID"
        )

    def validate(self, relation: Relation, constraint: str) -> str:
        """The later step that tries it on them."""
        return self.statement(f"ALTER TABLE {spelled(relation)} VALIDATE CONSTRAINT {quoted(constraint)}")

    def detach_partition(self, parent: Relation, partition: Relation) -> str:
        """A partition detached beside traffic."""
        return self.statement(f"ALTER TABLE {spelled(parent)} DETACH PARTITION {spelled(partition)} CONCURRENTLY")

    def kept_default(self, columns: str) -> str:
        """How a default stays in the database until no release leaves it out."""
        return f"Keep the default until every running release names {columns}; drop it in a later one"

    def set_parameter(self, name: str, value: str, *, local: bool) -> str:
        """A run-time parameter, until the transaction ends if `local`."""
        return self.statement(f"SET {'LOCAL ' if local else ''}{name} = '{value}'")


class Alembic(Dialect):
    """Operations where Alembic has one, `op.execute` elsewhere."""

    __slots__ = ()

    def statement(self, sql: str) -> str:
        """Through op.execute."""
        return f"`op.execute({sql!r})`"

    def create_index(self, index: CreatesIndex, written: str | None = None) -> str:
        """Expressions and predicates are text to SQLAlchemy."""
        columns = ", ".join(f"sa.text({c!r})" if c.startswith("(") else repr(c) for c in index.columns)
        columns = columns if index.plain else "…"
        options = ["unique=True"] if index.unique else []
        options += [f"postgresql_using={index.method!r}"] if index.method != "btree" else []
        options += [f"postgresql_include={list(index.included)!r}"] if index.included else []
        options += [f"postgresql_where=sa.text({index.predicate!r})"] if index.predicate else []
        arguments = [repr(index.index.name), repr(index.relation.name), f"[{columns}]", *options]
        return self._call("create_index", [*arguments, "postgresql_concurrently=True"], index.relation)

    def drop_index(self, index: Relation, relation: Relation | None, *, if_exists: bool = False) -> str:
        """The table is for SQLAlchemy, which does without where it is not known."""
        options = [f"table_name={relation.name!r}"] if relation is not None else []
        options += ["if_exists=True"] if if_exists else []
        return self._call("drop_index", [repr(index.name), *options, "postgresql_concurrently=True"], index)

    def add_not_valid(self, relation: Relation, constraint: Constraint) -> str:
        """Only CHECKs and foreign keys have an operation."""
        if constraint.kind is ConstraintKind.CHECK and constraint.expression is not None:
            expression = constraint.expression if len(constraint.expression) <= _LONGEST_EXPRESSION else "…"
            arguments = [repr(constraint.name), repr(relation.name), repr(expression)]
            return self._call("create_check_constraint", [*arguments, "postgresql_not_valid=True"], relation)
        references = constraint.references
        if constraint.kind is ConstraintKind.FOREIGN_KEY and references and constraint.referenced_columns:
            arguments = [repr(constraint.name), repr(relation.name), repr(references.name)]
            arguments += [repr(list(constraint.columns)), repr(list(constraint.referenced_columns))]
            arguments += [f"source_schema={relation.schema!r}"] if relation.schema != "public" else []
            arguments += [f"referent_schema={references.schema!r}"] if references.schema != "public" else []
            return f"`op.create_foreign_key({', '.join([*arguments, 'postgresql_not_valid=True'])})`"
        return Dialect.add_not_valid(self, relation, constraint)

    @staticmethod
    def _call(operation: str, arguments: Sequence[str], relation: Relation) -> str:
        schema = [f"schema={relation.schema!r}"] if relation.schema != "public" else []
        return f"`op.{operation}({', '.join([*arguments, *schema])})`"


class Django(Dialect):
    """The operations of django.contrib.postgres, `RunSQL` elsewhere.

    Source: Django 5.2, "Database migration operations" of django.contrib.postgres.
    """

    __slots__ = ()

    def statement(self, sql: str) -> str:
        """Through RunSQL."""
        return f"`migrations.RunSQL({sql!r})`"

    def create_index(self, index: CreatesIndex, written: str | None = None) -> str:
        """A unique index is none of a model's indexes."""
        if index.unique:
            return Dialect.create_index(self, index, written)
        return f"`AddIndexConcurrently` in place of `AddIndex` for {index.index.name}"

    def drop_index(self, index: Relation, relation: Relation | None, *, if_exists: bool = False) -> str:
        """There is no guarded form of the operation."""
        if if_exists:
            return Dialect.drop_index(self, index, relation, if_exists=True)
        return f"`RemoveIndexConcurrently` in place of `RemoveIndex` for {index.name}"

    def add_not_valid(self, relation: Relation, constraint: Constraint) -> str:
        """Only a model's CHECKs have an operation."""
        if constraint.kind is ConstraintKind.CHECK:
            return f"`AddConstraintNotValid` with the `CheckConstraint` {constraint.name}"
        return Dialect.add_not_valid(self, relation, constraint)

    def kept_default(self, columns: str) -> str:
        """AddField with a `default` drops it again in the same step; Django 5.0 brought one that stays."""
        return (
            f"Give {columns} a `db_default` (Django 5.0), which stays in the database, until every running release "
            f"names {columns}"
        )

    def validate(self, relation: Relation, constraint: str) -> str:
        """It works for whatever PostgreSQL calls by the name."""
        return f"`ValidateConstraint` for {constraint}"


def definition(constraint: Constraint) -> str:
    """A CHECK, NOT NULL or foreign key as ADD CONSTRAINT spells it.

    An unknown expression stands as `…`, and so does one that nobody would read twice.
    """
    if constraint.kind is ConstraintKind.NOT_NULL:
        return f"NOT NULL {listed(constraint.columns)}"
    if constraint.kind is ConstraintKind.CHECK or constraint.references is None:
        expression = constraint.expression or "…"
        return f"CHECK ({expression if len(expression) <= _LONGEST_EXPRESSION else '…'})"
    columns = f" ({listed(constraint.referenced_columns)})" if constraint.referenced_columns else ""
    actions = "".join(
        f" ON {event} {action}"
        for event, action in (("DELETE", constraint.on_delete), ("UPDATE", constraint.on_update))
        if action != "NO ACTION"
    )
    target = spelled(constraint.references) + columns
    return f"FOREIGN KEY ({listed(constraint.columns)}) REFERENCES {target}{actions}"


_ONE_STRING = "alone in a migration of its own, since {} sends a file with two statements as one transaction"
_AHEAD = "in a migration of its own before this one, since the two in one file are one transaction,"
_DIALECTS: dict[str, Dialect] = {
    "alembic": Alembic("inside `with op.get_context().autocommit_block():`"),
    "prisma": Dialect(_ONE_STRING.format("Prisma"), _AHEAD),
    "golang_migrate": Dialect(_ONE_STRING.format("golang-migrate"), _AHEAD),
    "flyway": Dialect("alone in a script whose `.conf` file says `executeInTransaction=false`"),
    "diesel": Dialect("in a migration whose `metadata.toml` says `run_in_transaction = false`", _AHEAD),
    "dbmate": Dialect("in a migration that begins with `-- migrate:up transaction:false`", _AHEAD),
    "goose": Dialect("in a migration that begins with `-- +goose NO TRANSACTION`"),
    "sqlx": Dialect("in a migration whose first line is `-- no-transaction`", _AHEAD),
    "sqitch": Dialect("in a script without BEGIN and COMMIT"),
    "django": Django("in a migration with `atomic = False`"),
}


def dialect_of(tool: str) -> Dialect:
    """The dialect of a format, by its name."""
    return _DIALECTS.get(tool, Dialect())
