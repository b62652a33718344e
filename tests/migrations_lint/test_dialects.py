"""Safe rewrites are given in the migration's own tool, and say the same in each."""

from dataclasses import replace
from pathlib import Path

import pytest

from migrations_lint.dialect import Dialect, dialect_of
from migrations_lint.engine import lint
from migrations_lint.formats.alembic import FORMAT as ALEMBIC
from migrations_lint.model import Constraint, ConstraintKind, CreatesIndex, Fact, Migration, Relation
from tests.migrations_lint.scripts import migration

ORDERS = Relation("public", "orders")
SETUP = """
CREATE SCHEMA shop;
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, note text, total int);
CREATE TABLE shop."Order" (id bigint PRIMARY KEY, "user" text);
CREATE INDEX orders_note ON orders (note);
"""
INDEXES = [
    CreatesIndex(ORDERS, Relation("public", "i"), ("customer_id", "note"), unique=False, concurrently=True),
    CreatesIndex(ORDERS, Relation("public", "i"), ("note",), unique=True, concurrently=True),
    CreatesIndex(ORDERS, Relation("public", "i"), ("note",), False, True, predicate="total > 0"),
    CreatesIndex(ORDERS, Relation("public", "i"), ("note",), False, True, method="hash"),
    CreatesIndex(ORDERS, Relation("public", "i"), ("note",), False, True, predicate="total > 0", included=("total",)),
    CreatesIndex(ORDERS, Relation("public", "i"), ("(lower(note))",), unique=False, concurrently=True),
    CreatesIndex(Relation("shop", "Order"), Relation("shop", "I"), ("user",), unique=False, concurrently=True),
]
CONSTRAINTS = [
    Constraint("positive", ConstraintKind.CHECK, ("total",), expression="total > 0"),
    Constraint(
        "of_customer",
        ConstraintKind.FOREIGN_KEY,
        ("customer_id",),
        references=Relation("public", "customers"),
        referenced_columns=("id",),
    ),
    Constraint("there", ConstraintKind.NOT_NULL, ("note",)),
]


def revision(code: str) -> Migration:
    """A revision whose way up is this one line."""
    text = (
        '"""x"""\nimport sqlalchemy as sa\nfrom alembic import op\n\n'
        'revision = "2"\ndown_revision = "1"\n\n\n'
        f"def upgrade():\n    {code}\n\n\ndef downgrade():\n    pass\n"
    )
    return ALEMBIC.read(Path("2.py"), text)


def facts_of(last: Migration) -> tuple[Fact, ...]:
    """What the only statement of a migration does."""
    report = lint([migration(SETUP, name="1"), last], selected=frozenset({last.path}))
    assert report.problems == ()
    (statement,) = report.migrations[0].statements
    return statement.facts


def both_ways(in_sql: str, in_alembic: str) -> tuple[tuple[Fact, ...], tuple[Fact, ...]]:
    sql = facts_of(migration(in_sql.strip("`"), in_transaction=False))
    return sql, facts_of(revision(in_alembic.strip("`")))


@pytest.mark.parametrize("index", INDEXES, ids=lambda index: str(index.columns))
def test_an_index_of_alembic_is_that_of_sql(index: CreatesIndex) -> None:
    in_sql, in_alembic = both_ways(Dialect().create_index(index), dialect_of("alembic").create_index(index))

    assert in_sql == in_alembic
    assert index in in_sql


@pytest.mark.parametrize("constraint", CONSTRAINTS, ids=lambda constraint: constraint.name)
def test_a_constraint_of_alembic_is_that_of_sql(constraint: Constraint) -> None:
    in_sql, in_alembic = both_ways(
        Dialect().add_not_valid(ORDERS, constraint), dialect_of("alembic").add_not_valid(ORDERS, constraint)
    )

    assert in_sql == in_alembic


@pytest.mark.parametrize("if_exists", [True, False])
def test_a_dropped_index_of_alembic_is_that_of_sql(if_exists: bool) -> None:
    index = Relation("public", "orders_note")
    in_sql, in_alembic = both_ways(
        Dialect().drop_index(index, ORDERS, if_exists=if_exists),
        dialect_of("alembic").drop_index(index, ORDERS, if_exists=if_exists),
    )

    assert in_sql == in_alembic


@pytest.mark.parametrize(
    ("tool", "way_out"),
    [
        ("alembic", "inside `with op.get_context().autocommit_block():`"),
        ("prisma", "alone in a migration of its own, since Prisma sends a file"),
        ("goose", "`-- +goose NO TRANSACTION`"),
        ("dbmate", "`-- migrate:up transaction:false`"),
        ("a tool of one's own", "that its runner does not wrap in a transaction"),
    ],
)
def test_help_says_how_the_tool_leaves_its_transaction(tool: str, way_out: str) -> None:
    last = replace(migration("CREATE INDEX CONCURRENTLY i ON orders (note);"), tool=tool)

    (finding,) = [f for f in lint([migration(SETUP, name="1"), last]).findings if "CONCURRENTLY" in f.message]

    assert finding.rule == "concurrently-fails-in-transaction"
    assert way_out in finding.help


def test_in_sql_an_index_is_given_back_as_its_author_has_written_it() -> None:
    last = migration(
        "CREATE UNIQUE INDEX i -- the newest first\nON orders\n  (note DESC, lower(note) text_pattern_ops)\n"
        "  INCLUDE (total) NULLS NOT DISTINCT WITH (fillfactor = 70) WHERE total > 0;"
    )

    (finding,) = [f for f in lint([migration(SETUP, name="1"), last]).findings if f.rule == "index-build-blocks-writes"]

    assert finding.help.startswith(
        "`CREATE UNIQUE INDEX CONCURRENTLY i ON orders (note DESC, lower(note) text_pattern_ops) "
        "INCLUDE (total) NULLS NOT DISTINCT WITH (fillfactor = 70) WHERE total > 0`"
    )


def test_columns_with_an_order_of_their_own_are_left_to_the_reader_of_another_dialect() -> None:
    last = replace(migration("CREATE INDEX i ON orders (note DESC);"), tool="alembic")

    (finding,) = [f for f in lint([migration(SETUP, name="1"), last]).findings if f.rule == "index-build-blocks-writes"]

    assert "op.create_index('i', 'orders', […]" in finding.help


def test_a_condition_that_nobody_would_read_twice_is_not_given_back() -> None:
    long = " OR ".join(f"total = {number}" for number in range(40))
    last = migration(f"ALTER TABLE orders ADD CONSTRAINT bounded CHECK ({long});")

    (finding,) = [f for f in lint([migration(SETUP, name="1"), last]).findings if f.rule == "check-scan-blocks-reads"]

    assert "`ALTER TABLE orders ADD CONSTRAINT bounded CHECK (…) NOT VALID`" in finding.help


@pytest.mark.parametrize("tool", ["prisma", "golang_migrate", "dbmate", "diesel", "sqlx"])
def test_what_is_sent_as_one_string_is_not_told_to_drop_and_build_concurrently_in_one_file(tool: str) -> None:
    build = "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON orders (note);"
    last = migration(build, in_transaction=False, tool=tool)

    helps = [f.help for f in lint([migration(SETUP, name="1"), last]).findings if f.rule.startswith("failed-build")]

    assert ["in a migration of its own before this one" in text for text in helps] == [True]


def test_django_names_its_own_operations() -> None:
    last = replace(migration("CREATE INDEX i ON orders (note);"), tool="django")

    (finding,) = [f for f in lint([migration(SETUP, name="1"), last]).findings if f.rule == "index-build-blocks-writes"]

    assert finding.help == "`AddIndexConcurrently` in place of `AddIndex` for i, in a migration with `atomic = False`."
    django = pytest.importorskip("django.contrib.postgres.operations")
    for name in ("AddIndexConcurrently", "RemoveIndexConcurrently", "AddConstraintNotValid", "ValidateConstraint"):
        assert hasattr(django, name)
