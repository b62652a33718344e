"""What a statement says besides its locks: the facts that rules ask about, one statement each."""

import pytest

from migrations_lint.catalog import replay
from migrations_lint.facts import Scene, facts_of
from migrations_lint.model import (
    AddsColumn,
    AddsConstraint,
    AddsEnumValue,
    AttachesIndex,
    AttachesPartition,
    ChangesConstraint,
    ChangesDomain,
    ChangesFunction,
    ChangesInheritance,
    ChangesObject,
    ChangesPolicy,
    ChangesPrivileges,
    ChangesPublication,
    ChangesSequence,
    Comments,
    ControlsTransaction,
    CreatesFunction,
    CreatesIndex,
    CreatesObject,
    CreatesPolicy,
    CreatesRelation,
    CreatesTrigger,
    CreatesType,
    DetachesPartition,
    DomainChange,
    DropsColumn,
    DropsConstraint,
    DropsObject,
    DropsRelation,
    Fact,
    Function,
    LockFact,
    LockMode,
    LocksTable,
    Maintains,
    ObjectKind,
    Policy,
    RefreshesView,
    Reindexes,
    Relation,
    RelationKind,
    RenamesEnumValue,
    RenamesObject,
    RowChange,
    SetsExpression,
    SetsIdentity,
    SetsRowSecurity,
    SetsStorageParameter,
    SetsTableProperty,
    SwitchesTrigger,
    TableProperty,
    Trigger,
    TruncatesIdentifier,
    TypeKind,
    UserType,
    Volatility,
)
from migrations_lint.parse import parse
from migrations_lint.snapshot import SchemaSnapshot
from tests.migrations_lint.scripts import script

T = Relation("public", "t")
U = Relation("public", "u")
BEFORE = """
CREATE TABLE t (a int PRIMARY KEY, b text, c int CHECK (c > 0));
CREATE TABLE u (a int REFERENCES t, d int GENERATED ALWAYS AS (a + 1) STORED);
CREATE INDEX u_a ON u (a);
CREATE SEQUENCE s;
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE DOMAIN age AS int CHECK (value >= 0);
CREATE TABLE people (years age, state mood);
"""


def after(sql: str, schema: SchemaSnapshot | None = None) -> tuple[SchemaSnapshot, tuple[Fact, ...]]:
    schema = schema or SchemaSnapshot()
    facts: tuple[Fact, ...] = ()
    for statement in parse(script(sql).fragments[0]).statements:
        facts = facts_of(statement, Scene(schema, 18))
        replay(facts, schema)
    return schema, facts


SAID = [
    ("BEGIN", ControlsTransaction("BEGIN")),
    ("START TRANSACTION", ControlsTransaction("BEGIN")),
    ("END", ControlsTransaction("COMMIT")),
    ("SAVEPOINT one", ControlsTransaction("SAVEPOINT", "one")),
    ("ROLLBACK TO one", ControlsTransaction("ROLLBACK TO", "one")),
    ("LOCK t IN SHARE MODE NOWAIT", LocksTable(T, LockMode.SHARE, nowait=True)),
    ("REINDEX TABLE CONCURRENTLY t", Reindexes("TABLE", "t", concurrently=True)),
    ("REINDEX SCHEMA public", Reindexes("SCHEMA", "public", concurrently=False)),
    ("VACUUM FULL t", Maintains("VACUUM FULL", T)),
    ("ANALYZE t", Maintains("ANALYZE", T)),
    ("CLUSTER t USING t_pkey", Maintains("CLUSTER", T)),
    ("REFRESH MATERIALIZED VIEW t WITH NO DATA", RefreshesView(T, concurrently=False, with_data=False)),
    (
        "CREATE TRIGGER tr AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()",
        CreatesTrigger(T, Trigger("tr", "f", "AFTER", ("INSERT", "UPDATE"), row=True)),
    ),
    ("DROP TRIGGER tr ON t", DropsObject(ObjectKind.TRIGGER, "tr", T)),
    ("ALTER TABLE t DISABLE TRIGGER ALL", SwitchesTrigger(T, None, enabled=False, internal=True)),
    ("ALTER TABLE t ENABLE TRIGGER tr", SwitchesTrigger(T, "tr", enabled=True)),
    (
        "CREATE POLICY p ON t AS RESTRICTIVE FOR SELECT TO app USING (a = 1)",
        CreatesPolicy(T, Policy("p", "SELECT", permissive=False, roles=("app",), using="a = 1", mentions=("a",))),
    ),
    ("ALTER POLICY p ON t WITH CHECK (true)", ChangesPolicy(T, "p", check="true")),
    ("DROP POLICY IF EXISTS p ON t", DropsObject(ObjectKind.POLICY, "p", T, if_exists=True)),
    ("ALTER TABLE t ENABLE ROW LEVEL SECURITY", SetsRowSecurity(T, enabled=True)),
    ("ALTER TABLE t NO FORCE ROW LEVEL SECURITY", SetsRowSecurity(T, forced=False)),
    ("CREATE TYPE x AS ENUM ('a', 'b')", CreatesType(UserType("x", TypeKind.ENUM, labels=("a", "b")))),
    ("CREATE DOMAIN d AS text NOT NULL", CreatesType(UserType("d", TypeKind.DOMAIN, base="text", constrained=True))),
    ("ALTER TYPE mood ADD VALUE 'so so' BEFORE 'glad'", AddsEnumValue("mood", "so so", positioned=True)),
    ("ALTER TYPE public.mood RENAME VALUE 'sad' TO 'blue'", RenamesEnumValue("mood", "sad", "blue")),
    (
        "ALTER DOMAIN age ADD CONSTRAINT old CHECK (value < 200) NOT VALID",
        ChangesDomain("age", DomainChange.ADDS_CONSTRAINT, "old", False, (Relation("public", "people"),)),
    ),
    ("ALTER TYPE mood RENAME TO temper", RenamesObject(ObjectKind.TYPE, "mood", "temper")),
    ("ALTER TYPE mood SET SCHEMA other", RenamesObject(ObjectKind.TYPE, "mood", "other.mood")),
    ("ALTER SCHEMA one RENAME TO two", RenamesObject(ObjectKind.SCHEMA, "one", "two")),
    ("ALTER FUNCTION f(int) RENAME TO g", RenamesObject(ObjectKind.FUNCTION, "f", "g")),
    ("ALTER TABLE t RENAME CONSTRAINT t_pkey TO k", RenamesObject(ObjectKind.CONSTRAINT, "t_pkey", "k", T)),
    ("ALTER SEQUENCE s RESTART AS bigint", ChangesSequence(Relation("public", "s"), ("restart", "as"), "bigint")),
    ("DROP SCHEMA one CASCADE", DropsObject(ObjectKind.SCHEMA, "one", cascade=True)),
    ("DROP DATABASE one", DropsObject(ObjectKind.DATABASE, "one")),
    ("DROP TYPE IF EXISTS mood", DropsObject(ObjectKind.TYPE, "mood", if_exists=True)),
    ("DROP FUNCTION f(int)", DropsObject(ObjectKind.FUNCTION, "f")),
    ("DROP EXTENSION postgis", DropsObject(ObjectKind.EXTENSION, "postgis")),
    ("CREATE EXTENSION postgis VERSION '3.4'", CreatesObject(ObjectKind.EXTENSION, "postgis", version="3.4")),
    ("ALTER EXTENSION postgis UPDATE", ChangesObject(ObjectKind.EXTENSION, "postgis", "UPDATE")),
    ("ALTER SYSTEM SET work_mem = '1GB'", ChangesObject(ObjectKind.SYSTEM, "", "SET work_mem")),
    ("CREATE RULE r AS ON INSERT TO t DO NOTHING", CreatesObject(ObjectKind.RULE, "r", T)),
    (
        "CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql SECURITY DEFINER STABLE "
        "SET search_path = pg_catalog, public AS 'SELECT 1'",
        CreatesFunction(
            Function("f", ("integer",), "integer", "sql", Volatility.STABLE, True, "pg_catalog, public", "SELECT 1")
        ),
    ),
    ("ALTER FUNCTION f(int) IMMUTABLE", ChangesFunction("f", Volatility.IMMUTABLE)),
    ("ALTER TABLE t ATTACH PARTITION u FOR VALUES FROM (1) TO (2)", AttachesPartition(T, U, False, "FROM (1) TO (2)")),
    ("ALTER TABLE t DETACH PARTITION u CONCURRENTLY", DetachesPartition(T, U, concurrently=True)),
    (
        "ALTER INDEX t_pkey ATTACH PARTITION u_pkey",
        AttachesIndex(Relation("public", "t_pkey"), Relation("public", "u_pkey")),
    ),
    ("ALTER TABLE u INHERIT t", ChangesInheritance(U, T, joins=True)),
    ("ALTER TABLE t SET UNLOGGED", SetsTableProperty(T, TableProperty.LOGGED, "no")),
    ("ALTER TABLE t SET TABLESPACE fast", SetsTableProperty(T, TableProperty.TABLESPACE, "fast")),
    ("ALTER TABLE t REPLICA IDENTITY NOTHING", SetsTableProperty(T, TableProperty.REPLICA_IDENTITY, "NOTHING")),
    ("ALTER TABLE t SET (autovacuum_enabled = false)", SetsStorageParameter(T, "autovacuum_enabled", "false")),
    ("ALTER TABLE t RESET (fillfactor)", SetsStorageParameter(T, "fillfactor", None)),
    ("ALTER TABLE u ALTER CONSTRAINT u_a_fkey DEFERRABLE", ChangesConstraint(U, "u_a_fkey", deferrable=True)),
    ("ALTER TABLE u ALTER CONSTRAINT u_a_fkey NOT ENFORCED", ChangesConstraint(U, "u_a_fkey", enforced=False)),
    ("ALTER TABLE t ALTER a ADD GENERATED ALWAYS AS IDENTITY", SetsIdentity(T, "a", identity=True)),
    ("ALTER TABLE u ALTER d SET EXPRESSION AS (a + 2)", SetsExpression(U, "d", "a + 2")),
    ("ALTER TABLE t DROP COLUMN IF EXISTS b CASCADE", DropsColumn(T, "b", cascade=True, if_exists=True)),
    ("DROP TABLE t CASCADE", DropsConstraint(U, "u_a_fkey", along=True)),
    ("DROP TABLE t CASCADE", DropsRelation(T, RelationKind.TABLE, cascade=True)),
    ("DROP TYPE mood CASCADE", DropsColumn(Relation("public", "people"), "state", cascade=True, along=True)),
    (
        "CREATE UNIQUE INDEX CONCURRENTLY i ON t USING btree (lower(b) DESC) INCLUDE (c) WHERE a > 0",
        CreatesIndex(
            T, Relation("public", "i"), ("(lower(b))",), True, True, predicate="a > 0", included=("c",), plain=False
        ),
    ),
    ("INSERT INTO t VALUES (1), (2)", RowChange(T, "INSERT", bounded=True, columns=None, rows=2)),
    ("INSERT INTO t SELECT * FROM u", RowChange(T, "INSERT", True, columns=None, from_query=True, star=True)),
    ("INSERT INTO t (a) VALUES (1)", RowChange(T, "INSERT", bounded=True, columns=("a",), rows=1)),
    ("UPDATE t SET b = '' WHERE a > 5", RowChange(T, "UPDATE", True, columns=("b",), where_columns=("a",))),
    ("UPDATE t SET b = '' WHERE 1 = 1", RowChange(T, "UPDATE", bounded=False, columns=("b",))),
    ("DELETE FROM t WHERE true", RowChange(T, "DELETE", bounded=False)),
    ("TRUNCATE t CASCADE", RowChange(U, "TRUNCATE", bounded=False, along=True, cascade=True)),
    ("GRANT ALL ON t TO PUBLIC", ChangesPrivileges(True, ("all",), "TABLE", ("public",), (T,))),
    (
        "REVOKE SELECT ON ALL TABLES IN SCHEMA public FROM app",
        ChangesPrivileges(False, ("select",), "TABLE", ("app",), names=("public",), in_schema=True),
    ),
    (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO app",
        ChangesPrivileges(True, ("select",), "TABLE", ("app",), names=("public",), defaults=True),
    ),
    ("GRANT admin TO app", ChangesPrivileges(True, ("member",), "ROLE", ("app",), names=("admin",))),
    ("CREATE PUBLICATION p FOR TABLE t", ChangesPublication("p", (T,))),
    ("CREATE PUBLICATION p FOR ALL TABLES", ChangesPublication("p", None)),
    ("COMMENT ON COLUMN t.a IS 'key'", Comments(T, "a", "key")),
    (f"CREATE TYPE {'x' * 64} AS ENUM ()", TruncatesIdentifier("x" * 64)),
    (f'CREATE TYPE "{"x" * 70}" AS ENUM ()', TruncatesIdentifier('"' + "x" * 70 + '"')),
]


@pytest.mark.parametrize(("sql", "fact"), SAID, ids=[f"{sql}: {type(fact).__name__}" for sql, fact in SAID])
def test_a_statement_says(sql: str, fact: Fact) -> None:
    schema, _ = after(BEFORE)

    _, facts = after(sql, schema)

    assert fact in facts


def test_a_name_of_63_bytes_is_not_cut() -> None:
    _, facts = after(f'CREATE TYPE "{"x" * 63}" AS ENUM ()')

    assert not [fact for fact in facts if isinstance(fact, TruncatesIdentifier)]


def test_a_column_carries_all_that_its_definition_says() -> None:
    schema, _ = after(BEFORE)

    _, facts = after(
        "ALTER TABLE u ADD COLUMN e age DEFAULT 0 REFERENCES t ON DELETE CASCADE CHECK (e < date_part('year', now()))",
        schema,
    )

    (added,) = [fact for fact in facts if isinstance(fact, AddsColumn)]
    key, check = added.constraints
    assert added.column.domain
    assert key.on_delete == "CASCADE"
    assert check.expression == "e < date_part('year', now())"
    assert check.not_immutable == ("now",)
    assert [fact.inline for fact in facts if isinstance(fact, AddsConstraint)] == [True, True]


@pytest.mark.parametrize(
    ("sql", "mentions"),
    [("CREATE VIEW v AS SELECT a, b AS x FROM t", ("a", "b")), ("CREATE VIEW v AS SELECT t.* FROM t", ("*",))],
)
def test_a_view_says_which_columns_it_names(sql: str, mentions: tuple[str, ...]) -> None:
    schema, _ = after(BEFORE)

    _, facts = after(sql, schema)

    (view,) = [fact for fact in facts if isinstance(fact, CreatesRelation)]
    assert view.mentions == mentions
    assert view.reads == (T,)


def test_a_partitioned_table_says_its_key_and_its_parts_their_bounds() -> None:
    schema, _ = after(
        "CREATE TABLE ev (id int, at date) PARTITION BY RANGE (at, (id % 2));"
        "CREATE TABLE ev1 PARTITION OF ev FOR VALUES FROM ('2020-01-01', 0) TO ('2021-01-01', 0);"
        "CREATE TABLE evd PARTITION OF ev DEFAULT"
    )

    assert schema.tables[Relation("public", "ev")].partition_key == ("at", "(id % 2)")
    assert schema.tables[Relation("public", "ev1")].bound == "FROM ('2020-01-01', 0) TO ('2021-01-01', 0)"
    assert schema.tables[Relation("public", "evd")].bound == "DEFAULT"


@pytest.mark.parametrize("sql", ["ALTER INDEX u_a SET (fillfactor = 50)", "CREATE ROLE app", "CREATE SCHEMA one"])
def test_what_touches_no_table_locks_none(sql: str) -> None:
    schema, _ = after(BEFORE)

    _, facts = after(sql, schema)

    assert not [fact for fact in facts if isinstance(fact, LockFact)]
