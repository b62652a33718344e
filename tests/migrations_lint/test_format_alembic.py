"""Rendering revisions without a server: places, isolation, what is supported, and what becomes a Problem."""

import logging
import sys
import warnings
from itertools import permutations
from pathlib import Path

import pytest

from migrations_lint.edits import edited
from migrations_lint.formats import formats
from migrations_lint.history import read_history
from migrations_lint.model import Direction, Migration

HEAD = """import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "a1"
down_revision = None


"""


def revision(tmp_path: Path, upgrade: str, downgrade: str = "pass", *, head: str = HEAD) -> Migration:
    text = f"{head}def upgrade():\n{indented(upgrade)}\n\ndef downgrade():\n{indented(downgrade)}\n"
    path = tmp_path / "a1.py"
    path.write_bytes(text.encode("utf-8"))
    history = read_history([path])
    assert history.problems == ()
    return history.migrations[0]


def indented(body: str) -> str:
    return "\n".join(f"    {line}" for line in body.splitlines())


def statements(migration: Migration) -> list[str]:
    return [" ".join(fragment.sql.split()) for fragment in migration.up.fragments]


def messages(migration: Migration) -> list[str]:
    return [problem.message for problem in migration.problems]


OPERATIONS = {
    'op.create_table("t", sa.Column("id", sa.BigInteger(), primary_key=True), sa.Column("at", sa.DateTime(True)))': [
        "CREATE TABLE t ( id BIGSERIAL NOT NULL, at TIMESTAMP WITH TIME ZONE, PRIMARY KEY (id) )"
    ],
    'op.add_column("t", sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default="{}"))': [
        "ALTER TABLE t ADD COLUMN tags TEXT[] DEFAULT '{}'"
    ],
    'op.bulk_insert(sa.table("t", sa.column("id", sa.Integer), sa.column("n", sa.Text)), [{"id": 1, "n": "it\'s"}])': [
        "INSERT INTO t (id, n) VALUES (1, 'it''s')"
    ],
    'with op.batch_alter_table("t") as t:\n    t.add_column(sa.Column("n", sa.Text()))\n    t.drop_column("o")': [
        "ALTER TABLE t ADD COLUMN n TEXT",
        "ALTER TABLE t DROP COLUMN o",
    ],
    'op.create_foreign_key("f", "t", "u", ["u_id"], ["id"], postgresql_not_valid=True)': [
        "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY(u_id) REFERENCES u (id) NOT VALID"
    ],
    'op.execute(sa.update(sa.table("t", sa.column("n"))).values(n=op.inline_literal("x")))': ["UPDATE t SET n='x'"],
    'op.get_bind().execute(sa.text("UPDATE t SET n = :n"), {"n": "x"})': ["UPDATE t SET n = 'x'"],
    "op.get_bind().execute(sa.text(\"SELECT '100%' LIKE '%'\"))": ["SELECT '100%' LIKE '%'"],
    'op.get_bind().exec_driver_sql("ANALYZE t")': ["ANALYZE t"],
    'sa.Enum("calm", name="mood").create(op.get_bind())': ["CREATE TYPE mood AS ENUM ('calm')"],
    'sa.Table("t", sa.MetaData(), sa.Column("n", sa.Text())).create(op.get_bind())': ["CREATE TABLE t ( n TEXT )"],
    'op.execute("SELECT 1; SELECT 2")': ["SELECT 1; SELECT 2"],
    'if op.get_context().dialect.name == "postgresql":\n    op.execute("SELECT 1")': ["SELECT 1"],
    'with op.get_bind().begin():\n    op.execute("SELECT 1")': ["SELECT 1"],
}


@pytest.mark.parametrize(("code", "expected"), OPERATIONS.items(), ids=range(len(OPERATIONS)))
def test_an_operation_is_rendered_as_it_would_be_sent(code: str, expected: list[str], tmp_path: Path) -> None:
    migration = revision(tmp_path, code)

    assert messages(migration) == []
    assert statements(migration) == expected


def test_sql_that_stands_in_the_file_is_found_there_to_the_column(tmp_path: Path) -> None:
    migration = revision(tmp_path, '"ünïcode"; op.execute(\n    """\n    DROP TABLE t\n    """\n)')

    (fragment,) = migration.up.fragments
    assert fragment.verbatim
    assert fragment.source.text[fragment.start : fragment.end] == fragment.sql == "DROP TABLE t"


def test_rendered_sql_points_at_the_call_that_it_comes_from(tmp_path: Path) -> None:
    call = 'op.drop_column(\n        "t",\n        "ü",\n    )'
    migration = revision(tmp_path, f'x = "ü"; {call}; y = 1')

    (fragment,) = migration.up.fragments
    assert not fragment.verbatim
    assert "".join(fragment.source.text[fragment.start : fragment.end].split()) == "".join(call.split())


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_places_are_right_with_other_line_ends_and_a_byte_order_mark(newline: str, tmp_path: Path) -> None:
    text = '\ufeffrevision = "a1"\nfrom alembic import op\n\ndef upgrade():\n    op.execute("DROP TABLE t")\n'
    (tmp_path / "a1.py").write_bytes(text.replace("\n", newline).encode())

    (fragment,) = read_history([tmp_path]).migrations[0].up.fragments

    assert fragment.source.text[fragment.start : fragment.end] == "DROP TABLE t"


def test_a_helper_in_the_same_file_is_where_its_sql_comes_from(tmp_path: Path) -> None:
    migration = revision(tmp_path, 'drop("a")', head=f"{HEAD}def drop(name):\n    op.drop_table(name)\n\n\n")

    (fragment,) = migration.up.fragments
    assert fragment.source.text[fragment.start : fragment.end] == "op.drop_table(name)"


def test_what_a_revision_does_beside_its_sql_does_not_show(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    noise = 'print("noise"); print("noise", file=sys.stderr); warnings.warn("noise"); logging.warning("noise")\n'
    before, path = set(sys.modules), list(sys.meta_path)

    migration = revision(
        tmp_path,
        f'{noise}op.execute("SELECT 1")',
        head=f"import absent.module\nimport logging, sys, warnings\n{noise}{HEAD}",
    )

    assert statements(migration) == ["SELECT 1"]
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
    left = {name for name in set(sys.modules) - before if "absent" in name or "revision" in name}
    assert (left - {"migrations_lint.formats._alembic.revisions"}, sys.meta_path) == (set(), path)
    assert logging.root.manager.disable == 0
    assert warnings.filters


def test_env_py_is_never_run(tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    (tmp_path / "env.py").write_text(f"open({str(tmp_path / 'witness')!r}, 'w')\n")
    (tmp_path / "versions" / "a1.py").write_text(f"{HEAD}def upgrade():\n    pass\n")

    assert len(read_history([tmp_path]).migrations) == 1
    assert not (tmp_path / "witness").exists()


def test_a_dataclass_and_a_missing_base_class_can_be_declared(tmp_path: Path) -> None:
    head = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\nfrom absent.models import Base, task\n"
        f"{HEAD}@dataclass\nclass Row:\n    n: int\n\nclass Model(Base):\n    n: int = 1\n\n@task\ndef work(): ...\n\n"
    )

    migration = revision(tmp_path, 'op.execute(f"SELECT {Row(1).n}, {Model.n}")', head=head)

    assert (statements(migration), messages(migration)) == (["SELECT 1, 1"], [])


def test_a_missing_value_that_reaches_the_sql_is_a_problem(tmp_path: Path) -> None:
    migration = revision(tmp_path, 'op.execute(f"SELECT {LIMIT}")', head=f"from absent import LIMIT\n{HEAD}")

    assert messages(migration) == ["a value of a module that is not installed here became part of the SQL"]


READS = {
    "rows = op.get_bind().execute(sa.text('SELECT 1')).fetchall()": "reads rows",
    "n = op.get_bind().scalar(sa.text('SELECT 1'))": "reads rows",
    "n = op.get_bind().execute(sa.text('SELECT 1')).rowcount": "reads rows",
    "names = sa.inspect(op.get_bind()).get_table_names()": "looks at the schema",
    "op.get_bind().execute(sa.text('SELECT 1')).scalar_one()": "stopped with NoResultFound",
    "sa.Table('t', sa.MetaData(), autoload_with=op.get_bind())": "stopped with NoSuchTableError",
    "op.create_entity('view')": "op.create_entity belongs to an extension of Alembic",
    "raise SystemExit(1)": "stopped with SystemExit: 1",
    "op.bulk_insert(sa.table('t', sa.column('n')), [{'n': object()}])": "has a value that cannot be written as SQL",
}


@pytest.mark.parametrize(("code", "message"), READS.items(), ids=READS.values())
def test_what_needs_a_server_is_a_problem_of_its_line(code: str, message: str, tmp_path: Path) -> None:
    migration = revision(tmp_path, f'op.execute("SELECT 0")\n{code}', f'op.execute("SELECT 0")\n{code}')

    assert {problem.direction for problem in migration.problems} == set(Direction)
    assert all(
        any(message in problem.message for problem in migration.problems if problem.direction is way)
        for way in Direction
    )
    assert migration.problems[0].line == 11
    assert statements(migration)[0] == "SELECT 0"


def test_a_way_down_that_refuses_on_purpose_is_none(tmp_path: Path) -> None:
    for refusal in ("raise NotImplementedError", 'raise RuntimeError("cannot be undone")'):
        migration = revision(tmp_path, "pass", refusal)

        assert (migration.down, migration.problems) == (None, ())


def test_a_way_down_that_fails_half_way_is_a_problem(tmp_path: Path) -> None:
    migration = revision(tmp_path, "pass", 'op.execute("SELECT 1")\nraise RuntimeError("and now?")')

    assert migration.down is not None
    assert messages(migration) == ["stopped with RuntimeError: and now?"]


BROKEN = {
    "def upgrade(:\n": ("is not valid Python", 2),
    "raise ValueError('no')\n": ("could not be loaded: ValueError: no", 2),
    "from . import sibling\ndef upgrade(): pass\n": ("could not be loaded: ImportError", 2),
    "x = 1\n": ("has no upgrade()", None),
    "down_revision = 'a' + 'b'\n": ("down_revision is computed", 2),
}


@pytest.mark.parametrize(("text", "said"), BROKEN.items(), ids=BROKEN.keys())
def test_a_file_that_does_not_load_is_named_and_hides_no_other(
    text: str, said: tuple[str, int | None], tmp_path: Path
) -> None:
    (tmp_path / "a1.py").write_text('revision = "a1"\ndef upgrade(): pass\n')
    (tmp_path / "b2.py").write_text(f'revision = "b2"\n{text}')

    history = read_history([tmp_path])

    assert [migration.id for migration in history.migrations] == ["a1"]
    (problem,) = history.problems
    assert problem.message.startswith(said[0])
    assert problem.line == (said[1] or 1)


def graph(folder: Path, **parents: str) -> None:
    for name, head in parents.items():
        (folder / f"{name}.py").write_text(f'revision = "{name}"\n{head}\ndef upgrade(): pass\n')


def test_parents_come_before_children_however_the_files_are_named(tmp_path: Path) -> None:
    for number, names in enumerate(permutations(("aaaa", "bbbb", "cccc", "dddd"))):
        folder = tmp_path / str(number)
        folder.mkdir()
        base, left, right, merge = names
        graph(
            folder,
            **{
                base: "down_revision = None",
                left: f'down_revision = "{base}"\nbranch_labels = ("left",)',
                right: f'down_revision: str = "{base}"\ndepends_on = "left"',
                merge: f'down_revision = ("{left}", "{right}")',
            },
        )

        history = read_history([folder])

        assert [migration.id for migration in history.migrations] == [base, left, right, merge]
        assert history.migrations[2].parents == (base, left)
        assert all(migration.problems == () for migration in history.migrations)


def test_odd_graphs_are_read_and_named(tmp_path: Path) -> None:
    graph(tmp_path, a1='down_revision = "lost"', b2='down_revision = "c3"', c3='down_revision = "b2"')
    (tmp_path / "twin.py").write_text('revision = "a1"\ndown_revision = None\ndef upgrade(): pass\n')

    history = read_history([tmp_path])

    assert sorted(migration.path.name for migration in history.migrations) == ["a1.py", "b2.py", "c3.py", "twin.py"]
    assert {message for migration in history.migrations for message in messages(migration)} == {
        "follows lost, which is not part of this history",
        "a1 is used twice: also by twin.py",
        "a1 is used twice: also by a1.py",
    }


def heads(folder: Path, **parents: str) -> dict[str, tuple[str, ...]]:
    graph(folder, **parents)
    return {migration.id: migration.other_heads for migration in read_history([folder]).migrations}


def test_two_heads_know_of_each_other_and_a_merge_ends_it(tmp_path: Path) -> None:
    lines = {"a1": "down_revision = None", "b2": "down_revision = 'a1'", "c3": "down_revision = 'a1'"}

    assert heads(tmp_path, **lines) == {"a1": (), "b2": ("c3",), "c3": ("b2",)}
    assert set(heads(tmp_path, d4="down_revision = ('b2', 'c3')").values()) == {()}


def test_standing_on_another_line_does_not_follow_it(tmp_path: Path) -> None:
    lines = {
        "a1": "down_revision = None",
        "b2": "down_revision = 'a1'",
        "c3": "down_revision = 'a1'\ndepends_on = 'b2'",
    }

    assert heads(tmp_path, **lines) == {"a1": (), "b2": ("c3",), "c3": ("b2",)}


def test_lines_with_names_of_their_own_are_meant_to_stay_apart(tmp_path: Path) -> None:
    lines = {
        "a1": "down_revision = None\nbranch_labels = ('main',)",
        "b2": "down_revision = 'a1'",
        "c3": "down_revision = None\nbranch_labels = ('reports',)",
    }

    assert set(heads(tmp_path, **lines).values()) == {()}


AUTOCOMMIT = [
    (
        'op.create_index("i", "t", ["n"], postgresql_concurrently=True)',
        'with op.get_context().autocommit_block():\n    op.create_index("i", "t", ["n"], postgresql_concurrently=True)',
    ),
    (
        'op.execute(\n    """\n  CREATE INDEX CONCURRENTLY i\n  ON t (n)\n"""\n)',
        "with op.get_context().autocommit_block():\n    op.execute(\n        "
        '"""\n  CREATE INDEX CONCURRENTLY i\n  ON t (n)\n"""\n    )',
    ),
    (
        'if True:\n    op.execute("VACUUM t")',
        'if True:\n    with op.get_context().autocommit_block():\n        op.execute("VACUUM t")',
    ),
]


@pytest.mark.parametrize(("before", "after"), AUTOCOMMIT)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_an_operation_moves_out_of_the_transaction(before: str, after: str, newline: str, tmp_path: Path) -> None:
    text, wanted = (
        f"{HEAD}def upgrade():\n{indented(body)}\n    op.drop_table('u')\n".replace("\n", newline)
        for body in (before, after)
    )
    alembic = formats()["alembic"]
    migration = alembic.read(tmp_path / "a1.py", text)

    edits = alembic.outside_transaction(migration, migration.up.fragments[0])

    assert edits is not None
    assert edited(text, edits).split(newline) == [line.rstrip() for line in wanted.split(newline)]
    moved = alembic.read(tmp_path / "a1.py", edited(text, edits))
    assert [(f.sql, f.in_transaction) for f in moved.up.fragments] == [
        (migration.up.fragments[0].sql, False),
        ("DROP TABLE u", True),
    ]
    assert alembic.outside_transaction(moved, moved.up.fragments[0]) == ()


def test_an_operation_that_shares_its_line_stays(tmp_path: Path) -> None:
    migration = revision(tmp_path, 'x = 1; op.execute("VACUUM t")')

    assert formats()["alembic"].outside_transaction(migration, migration.up.fragments[0]) is None
