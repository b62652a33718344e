"""Where an application names what goes: in models, in SQL, as an attribute, and where it does not."""

from pathlib import PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrations_lint.code import Code, Wanted
from migrations_lint.code.prisma_schema import prisma_models
from migrations_lint.code.strings import literals
from migrations_lint.model import CodeFile, Gone, NamedBy, Relation

ORDERS = Relation("public", "orders")
NOTE = Gone(ORDERS, "note")


def mentions(gone: Gone, **files: str) -> list[tuple[str, int, NamedBy]]:
    """Files are named by keyword, with `__` for the dot before the ending."""
    code = Code([CodeFile(PurePath(name.replace("__", ".")), text) for name, text in files.items()])
    return [(str(one.path), one.line, one.by) for one in code.mentions(gone)]


def test_a_column_that_a_mixin_brings_is_found_in_the_mixin() -> None:
    found = mentions(
        NOTE,
        base__py="class Noted:\n    note: Mapped[str]\n",
        order__py='class Order(Noted, Base):\n    __tablename__ = "orders"\n',
    )

    assert found[0] == ("base.py", 2, NamedBy.MODEL)


def test_a_model_written_for_a_newer_python_is_read_line_by_line() -> None:
    text = 'class Order[T](Base):\n    __tablename__ = "orders"\n    remark: Mapped[str] = mapped_column("note")\n'
    text += "type Later[T] = lambda: (yield)\nmatch x := 1:\n"

    assert ("order.py", 3, NamedBy.MODEL) in mentions(NOTE, order__py=text)


def test_a_core_table_names_its_columns() -> None:
    text = 'orders = Table("orders", metadata, Column("id", Integer), Column("note", Text))\n'

    assert mentions(NOTE, tables__py=text) == [("tables.py", 1, NamedBy.MODEL)]
    assert mentions(Gone(ORDERS), tables__py=text) == [("tables.py", 1, NamedBy.MODEL)]


def test_the_same_column_of_another_model_is_left_alone() -> None:
    text = 'class Bill(Base):\n    __tablename__ = "bills"\n    note: Mapped[str]\n'

    assert mentions(NOTE, bill__py=text) == []


SQL = {
    "SELECT note FROM orders": NamedBy.SQL,
    "SELECT o.note FROM orders AS o JOIN bills b ON b.id = o.id": NamedBy.SQL,
    "SELECT b.note FROM orders o JOIN bills b ON b.id = o.id": None,
    "SELECT note FROM orders JOIN bills USING (id)": NamedBy.SQL_IN_PART,
    "INSERT INTO orders (id, note) VALUES ($1, $2)": NamedBy.SQL,
    "UPDATE orders SET note = %s WHERE id = %(id)s": NamedBy.SQL,
    "WITH x AS (SELECT id FROM orders WHERE note > :since) DELETE FROM bills USING x": NamedBy.SQL_IN_PART,
    "SELECT note FROM orders WHERE ${filter} ORDER BY ?": NamedBy.SQL,
    "SELECT note FROM orders WHERE ((": NamedBy.SQL_IN_PART,
    "SELECT id FROM orders WHERE remark = 'note'": None,
    "SELECT note FROM bills": None,
}


@pytest.mark.parametrize(("sql", "by"), SQL.items(), ids=list(SQL))
@pytest.mark.parametrize("ending", ["py", "ts", "go"])
def test_sql_in_a_string_is_read_by_the_grammar(sql: str, by: NamedBy | None, ending: str) -> None:
    quote = "`" if ending != "py" else '"""'

    found = mentions(NOTE, **{f"query__{ending}": f"x = 1\nq = {quote}{sql}{quote}\n"})

    assert [(line, how) for _, line, how in found if how is not NamedBy.WORD] == ([(2, by)] if by else [])


def test_a_query_over_several_lines_is_named_by_the_line() -> None:
    text = 'q = """\n  SELECT id,\n         note\n    FROM orders\n"""\n'

    assert mentions(NOTE, q__py=text)[0] == ("q.py", 3, NamedBy.SQL)


def test_comments_and_imports_are_no_use_of_a_name() -> None:
    text = "// the note of orders\nimport note from './orders'\nconst orders = 1\n"

    assert mentions(NOTE, x__ts=text) == []


def test_a_mapped_prisma_field_is_found_by_its_column() -> None:
    fields = '  id Int @id\n  remark String? @map("note")\n  bill Bill?\n  @@map("orders")\n'
    text = f"model Order {{\n{fields}}}\nmodel Bill {{\n}}\n"

    assert mentions(NOTE, schema__prisma=text) == [("schema.prisma", 3, NamedBy.MODEL)]
    (order, _) = prisma_models(text)
    assert "bill" not in order.columns


def test_files_that_speak_of_nothing_that_goes_are_not_worth_reading() -> None:
    wanted = Wanted((NOTE,))

    assert wanted.is_worth_reading("select note from orders")
    assert wanted.is_worth_reading("prisma.order.findMany({ select: { note: true } })")
    assert wanted.is_worth_reading("class Noted:\n    note: Mapped[str]")
    assert not wanted.is_worth_reading("orders of the day")
    assert not wanted.is_worth_reading("a note")
    assert not wanted.is_worth_reading("footnote, reorders")


@given(text=st.text(), ending=st.sampled_from(["py", "ts", "go", "rb", "sql", "prisma"]))
def test_any_text_can_be_asked(text: str, ending: str) -> None:
    file = CodeFile(PurePath(f"x.{ending}"), "orders note " + text + "\nSELECT note FROM orders")

    lines = len(file.text.split("\n"))
    assert all(1 <= one.line <= lines for one in Code([file]).mentions(NOTE))
    assert all(literal.line >= 1 for literal in literals(file.path, file.text))
