"""No statement of PostgreSQL's grammar is passed over in silence: each is derived, named harmless, or unknown."""

import pytest

from gatekeeper.staging.server import StagingServer
from migrations_lint.catalog import replay
from migrations_lint.facts import Scene, derived_kinds, facts_of
from migrations_lint.facts.alter_table import KNOWN_SUB_COMMANDS
from migrations_lint.facts.built_in import IMMUTABLE, STABLE, VOLATILE
from migrations_lint.model import Fact, LockFact, Unknown
from migrations_lint.parse import parse
from migrations_lint.parse.grammar import alter_table_types, statement_kinds
from migrations_lint.snapshot import SchemaSnapshot
from tests.migrations_lint.scripts import script

# Nodes that stand inside statements, never for one.
INSIDE_OTHERS = {"raw_stmt", "set_operation_stmt", "return_stmt", "plassign_stmt", "replica_identity_stmt"}
# Sub-commands that PostgreSQL makes for itself while it works; no text parses to them.
MADE_BY_POSTGRES = {
    "ALTER_TABLE_TYPE_UNDEFINED",
    "AT_AddColumnToView",
    "AT_AddIndex",
    "AT_AddIndexConstraint",
    "AT_CookedColumnDefault",
    "AT_ReAddComment",
    "AT_ReAddConstraint",
    "AT_ReAddDomainConstraint",
    "AT_ReAddIndex",
    "AT_ReAddStatistics",
    "AT_ReplaceRelOptions",
}


def facts(sql: str) -> tuple[Fact, ...]:
    (statement,) = parse(script(sql).fragments[0]).statements
    return facts_of(statement, Scene(SchemaSnapshot(), 18))


def test_every_statement_of_the_grammar_has_somebody_who_derives_its_facts() -> None:
    assert statement_kinds() - derived_kinds() == INSIDE_OTHERS
    assert derived_kinds() <= statement_kinds()


def test_every_sub_command_of_alter_table_is_known() -> None:
    assert alter_table_types() - KNOWN_SUB_COMMANDS == MADE_BY_POSTGRES
    assert alter_table_types() >= KNOWN_SUB_COMMANDS


@pytest.mark.parametrize(
    "sql",
    [
        "DROP OWNED BY app",
        "REASSIGN OWNED BY app TO other",
        "ALTER TABLE ALL IN TABLESPACE slow SET TABLESPACE fast",
        "IMPORT FOREIGN SCHEMA public FROM SERVER far INTO public",
        "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p",
        "EXECUTE prepared",
        "REINDEX DATABASE",
        "CLUSTER",
        "VACUUM",
        "DROP EXTENSION postgis CASCADE",
        "DROP FUNCTION f() CASCADE",
        "DROP INDEX nobody_knows",
        "DO LANGUAGE plpython3u $$ pass $$",
        "DO $$ BEGIN EXECUTE format('DROP TABLE %I', 'orders'); END $$",
        "DO $$ this is no PL/pgSQL $$",
        "SELECT create_hypertable('orders', 'at')",
        "SELECT * FROM create_hypertable('orders', by_range('at'))",
        "DO $$ BEGIN PERFORM create_hypertable('orders', 'at'); END $$",
        "CALL nobody_knows()",
        "ALTER TYPE pair ADD ATTRIBUTE three int CASCADE",
    ],
)
def test_what_the_text_does_not_tell_is_said_to_be_unknown(sql: str) -> None:
    assert [fact for fact in facts(sql) if isinstance(fact, Unknown)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT pg_sleep(1), now()",
        "SELECT id, unknown_function(id) FROM orders",
        "SELECT * FROM generate_series(1, 3), jsonb_each('{}'), unnest(ARRAY[1])",
        "DO $$ BEGIN EXECUTE 'GRANT SELECT ON ' || quote_ident(session_user) || ' TO app'; END $$",
        "DO $$ BEGIN EXECUTE format('revoke %s on t from %I', 'insert', session_user); END $$",
        "DO $$ BEGIN EXECUTE 'DROP TABLE orders'; END $$",
        "DO $$ BEGIN NULL; END $$",
        "DROP FUNCTION f()",
    ],
)
def test_what_the_text_does_tell_is_not(sql: str) -> None:
    assert not [fact for fact in facts(sql) if isinstance(fact, Unknown)]


def test_a_literal_that_execute_runs_is_read() -> None:
    said = facts("DO $$ BEGIN EXECUTE 'ALTER TABLE orders ADD COLUMN x int'; END $$")

    assert [str(fact.relation) for fact in said if isinstance(fact, LockFact)] == ["public.orders"]


def test_of_what_execute_puts_together_the_beginning_and_the_function_are_told() -> None:
    schema = SchemaSnapshot()
    replay(
        facts(
            "CREATE FUNCTION spread() RETURNS void LANGUAGE plpgsql AS "
            "$$ BEGIN EXECUTE format('ALTER TABLE %I ADD COLUMN at timestamptz', 'orders'); END $$"
        ),
        schema,
    )
    (call,) = parse(script("SELECT spread()").fragments[0]).statements

    (unknown,) = (fact for fact in facts_of(call, Scene(schema, 18)) if isinstance(fact, Unknown))

    assert "runs in spread() begins with 'ALTER TABLE' and is put together" in unknown.reason


def test_functions_that_call_one_another_come_to_an_end() -> None:
    schema = SchemaSnapshot()
    text = """
        CREATE FUNCTION a() RETURNS void LANGUAGE sql AS 'SELECT b()';
        CREATE FUNCTION b() RETURNS void LANGUAGE sql AS 'SELECT a(); DELETE FROM t';
    """
    for statement in parse(script(text).fragments[0]).statements:
        replay(facts_of(statement, Scene(schema, 18)), schema)
    (call,) = parse(script("SELECT a()").fragments[0]).statements

    said = facts_of(call, Scene(schema, 18))

    assert [str(fact.relation) for fact in said if isinstance(fact, LockFact)] == ["public.t"]


def test_postgres_own_functions_are_as_volatile_as_the_server_says(server: StagingServer) -> None:
    with server.connect() as connection:
        rows = connection.execute(
            "SELECT proname, array_agg(DISTINCT provolatile::text) FROM pg_proc "
            "WHERE pronamespace = 'pg_catalog'::regnamespace GROUP BY proname"
        ).fetchall()

    known = {name: set(kinds) for name, kinds in rows}
    assert {name for name, kinds in known.items() if "v" in kinds and name in STABLE | IMMUTABLE} == set()
    assert {name for name in STABLE if "i" in known.get(name, ())} == set()
    assert len((VOLATILE | STABLE | IMMUTABLE) & known.keys()) > 1000
