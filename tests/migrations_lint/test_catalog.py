"""The catalog so far: what a history has built, as the next statement finds it."""

import pytest

from migrations_lint.api import lint_text
from migrations_lint.catalog import replay
from migrations_lint.facts import Scene, facts_of
from migrations_lint.model import ObjectKind, Relation, TableProperty, Volatility
from migrations_lint.parse import parse
from migrations_lint.snapshot import SchemaSnapshot, Table
from tests.migrations_lint.scripts import script


def built(*scripts: str) -> SchemaSnapshot:
    schema = SchemaSnapshot()
    for sql in scripts:
        for statement in parse(script(sql).fragments[0]).statements:
            replay(facts_of(statement, Scene(schema, 18)), schema)
    return schema


def table(schema: SchemaSnapshot, name: str) -> Table:
    found = schema.find(Relation("public", name))
    assert found is not None
    return found


def test_row_security_and_policies_are_known() -> None:
    schema = built(
        "CREATE TABLE t (a int)",
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        "CREATE POLICY p ON t USING (a = 1); CREATE POLICY q ON t USING (true)",
        "ALTER POLICY p ON t TO app; ALTER POLICY p ON t RENAME TO mine; DROP POLICY q ON t",
    )

    t = table(schema, "t")
    assert (t.row_security, t.row_security_forced) == (True, True)
    assert {name: (p.roles, p.using) for name, p in t.policies.items()} == {"mine": (("app",), "a = 1")}


def test_triggers_are_known_and_whether_they_fire() -> None:
    schema = built(
        "CREATE TABLE t (a int)",
        "CREATE TRIGGER one AFTER INSERT ON t EXECUTE FUNCTION f()",
        "CREATE TRIGGER two AFTER DELETE ON t EXECUTE FUNCTION f()",
        "ALTER TABLE t DISABLE TRIGGER one; ALTER TRIGGER two ON t RENAME TO three",
    )

    assert {name: trigger.enabled for name, trigger in table(schema, "t").triggers.items()} == {
        "one": False,
        "three": True,
    }


def test_a_renamed_type_is_still_the_type_of_its_columns() -> None:
    schema = built(
        "CREATE TYPE mood AS ENUM ('sad')",
        "ALTER TYPE mood ADD VALUE 'glad'; ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'",
        "CREATE TABLE t (m mood)",
        "ALTER TYPE mood RENAME TO temper",
    )

    assert schema.types["temper"].labels == ("blue", "glad")
    assert table(schema, "t").columns["m"].type == "temper"


def test_a_dropped_type_takes_its_columns_along() -> None:
    schema = built("CREATE TYPE mood AS ENUM ('sad')", "CREATE TABLE t (a int, m mood)", "DROP TYPE mood CASCADE")

    assert list(table(schema, "t").columns) == ["a"]
    assert schema.types == {}


def test_partitions_come_and_go() -> None:
    schema = built(
        "CREATE TABLE ev (a int) PARTITION BY LIST (a); CREATE TABLE one (a int); CREATE TABLE rest (a int)",
        "ALTER TABLE ev ATTACH PARTITION one FOR VALUES IN (1); ALTER TABLE ev ATTACH PARTITION rest DEFAULT",
    )
    assert {child.relation.name for child in schema.children(Relation("public", "ev"))} == {"one", "rest"}
    assert schema.default_partition(Relation("public", "ev")) == table(schema, "rest")

    for statement in parse(script("ALTER TABLE ev DETACH PARTITION one").fragments[0]).statements:
        replay(facts_of(statement, Scene(schema, 18)), schema)

    assert {child.relation.name for child in schema.children(Relation("public", "ev"))} == {"rest"}


def test_a_table_like_another_has_its_columns_and_one_from_a_query_may_have_any() -> None:
    schema = built("CREATE TABLE t (a int, b text)", "CREATE TABLE l (LIKE t)", "CREATE TABLE q AS SELECT * FROM t")

    assert table(schema, "l").lacks_column("c")
    assert not table(schema, "l").lacks_column("b")
    assert not table(schema, "q").lacks_column("c")


def test_a_moved_schema_takes_its_tables_along() -> None:
    schema = built("CREATE SCHEMA one; CREATE TABLE one.t (a int)", "ALTER SCHEMA one RENAME TO two")

    assert list(schema.tables) == [Relation("two", "t")]
    assert list(schema.objects) == [(ObjectKind.SCHEMA, "two")]


def test_properties_rights_functions_and_publications_are_known() -> None:
    schema = built(
        "CREATE TABLE t (a int)",
        "ALTER TABLE t SET UNLOGGED, SET (fillfactor = 70); GRANT SELECT ON t TO app",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION f() STABLE",
        "CREATE PUBLICATION p FOR TABLE t",
    )

    t = table(schema, "t")
    assert t.properties[TableProperty.LOGGED] == "no"
    assert t.parameters == {"fillfactor": "70"}
    assert t.granted == {"app"}
    assert schema.functions["f"].volatility is Volatility.STABLE
    assert schema.is_published(t.relation)


def test_a_copy_of_the_schema_changes_alone() -> None:
    schema = built("CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE t (m mood)")

    copy = schema.copy()
    for statement in parse(script("DROP TYPE mood CASCADE").fragments[0]).statements:
        replay(facts_of(statement, Scene(copy, 18)), copy)

    assert "mood" in schema.types
    assert "m" in table(schema, "t").columns


def test_a_partial_index_goes_with_the_column_of_its_condition_also_under_another_name() -> None:
    schema = built(
        "CREATE TABLE t (a int, b text, ab int)",
        "CREATE INDEX by_condition ON t (b) WHERE a > 3; CREATE INDEX by_expression ON t ((a + 1))",
        "CREATE INDEX stays ON t (b) WHERE ab > 3 AND b <> 'a' AND abs(ab) = 1",
        "ALTER TABLE t RENAME COLUMN a TO c",
    )
    assert {index.predicate for index in table(schema, "t").indexes if index.name.name == "by_condition"} == {"c > 3"}

    replay(facts_of(parse(script("ALTER TABLE t DROP COLUMN c").fragments[0]).statements[0], Scene(schema, 18)), schema)

    assert [index.name.name for index in table(schema, "t").indexes] == ["stays"]


@pytest.mark.parametrize(
    "script",
    [
        "CREATE VIEW m AS SELECT FROM n; ALTER VIEW m RENAME TO n; CREATE VIEW m AS SELECT FROM n",
        "CREATE VIEW m AS SELECT FROM n; CREATE VIEW n AS SELECT FROM m",
        "CREATE TABLE m PARTITION OF n DEFAULT; ALTER TABLE m RENAME TO n; CREATE TABLE m PARTITION OF n DEFAULT",
        "CREATE TABLE m () INHERITS (n); CREATE TABLE n () INHERITS (m)",
    ],
)
def test_what_goes_round_in_a_circle_is_gone_through_once(script: str) -> None:
    asked = "SELECT FROM m; LOCK m; INSERT INTO m SELECT 1; UPDATE m SET a = 1; DROP TABLE m; ALTER TABLE n ADD a int"
    for statement in asked.split(";"):
        assert lint_text(f"{script}; {statement}", in_transaction=False).problems == ()
