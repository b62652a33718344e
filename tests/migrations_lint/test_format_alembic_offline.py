"""Revisions beside what Alembic itself writes in offline mode: the same SQL, in the same order and transactions."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from migrations_lint.history import read_history
from migrations_lint.model import Direction, Migration, Script

ENV = """
from alembic import context

context.configure(dialect_name="postgresql", literal_binds=True, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
"""
HEAD = """import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

clinics = sa.table("clinics", sa.column("id", sa.Integer), sa.column("name", sa.Text), sa.column("open", sa.Boolean))
"""
TREE = {
    "a1": (
        "down_revision = None",
        """
op.create_table("clinics", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text, nullable=False),
    sa.Column("open", sa.Boolean, server_default=sa.true()), sa.Column("kind", sa.Enum("day", "night", name="kind")))
op.create_table("staff", sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("clinic_id", sa.Integer, sa.ForeignKey("clinics.id", ondelete="CASCADE"), index=True))
""",
        'op.drop_table("staff")\nop.drop_table("clinics")\nsa.Enum(name="kind").drop(op.get_bind(), checkfirst=False)',
    ),
    "b2": (
        "down_revision = 'a1'",
        """
op.bulk_insert(clinics, [{"id": 1, "name": "it's 100%", "open": True}, {"id": 2, "name": "b:c", "open": None}])
op.execute(clinics.update().where(clinics.c.id == 1).values(name=op.inline_literal("x")))
op.execute(sa.text("UPDATE clinics SET name = :n WHERE id = 2").bindparams(n="it's"))
op.execute("SELECT '10:30', '100%'; SELECT 2")
""",
        "op.execute(clinics.delete())",
    ),
    "c3": (
        "down_revision = 'a1'\nbranch_labels = ('indexes',)",
        """
op.execute("ALTER TABLE clinics ADD COLUMN city text")
with op.get_context().autocommit_block():
    op.create_index("clinics_city", "clinics", ["city"], unique=True, postgresql_concurrently=True,
        postgresql_where=sa.text("city <> ''"))
op.alter_column("clinics", "city", nullable=False, server_default="", existing_type=sa.Text())
""",
        """
with op.get_context().autocommit_block():
    op.drop_index("clinics_city", "clinics", postgresql_concurrently=True)
op.drop_column("clinics", "city")
""",
    ),
    "d4": (
        "down_revision = 'b2'\ndepends_on = 'c3'",
        """
with op.batch_alter_table("staff", schema=None) as batch:
    batch.add_column(sa.Column("tags", postgresql.ARRAY(sa.Text), server_default="{}"))
    batch.create_check_constraint("tagged", sa.column("tags") != sa.text("'{}'"))
    batch.alter_column("clinic_id", new_column_name="home_id", type_=sa.BigInteger, postgresql_using="clinic_id::int8")
""",
        """
with op.batch_alter_table("staff") as batch:
    batch.drop_constraint("tagged", type_="check")
    batch.drop_column("tags")
""",
    ),
    "e5": ("down_revision = ('c3', 'd4')", 'op.rename_table("staff", "carers")', 'op.rename_table("carers", "staff")'),
}


def lay_out(root: Path) -> None:
    (root / "versions").mkdir()
    (root / "env.py").write_text(ENV)
    (root / "alembic.ini").write_text(f"[alembic]\nscript_location = {root}\n")
    for name, (head, up, down) in TREE.items():
        ways = "".join(
            f"\n\ndef {way}():\n" + "".join(f"    {line}\n" for line in body.strip().splitlines())
            for way, body in (("upgrade", up), ("downgrade", down))
        )
        (root / "versions" / f"{name}.py").write_text(f"{HEAD}\nrevision = {name!r}\n{head}\n{ways}")


def alembic(root: Path, *words: str) -> str:
    command = [sys.executable, "-W", "ignore", "-m", "alembic", "-c", "alembic.ini", *words, "--sql"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout


def told(output: str) -> list[tuple[str, str]]:
    """Each revision and what Alembic sends for it, BEGIN and COMMIT included, its own bookkeeping left out."""
    found: list[tuple[str, str]] = []
    for part in re.split(r"(?m)^-- Running ", output)[1:]:
        words, _, body = part.partition("\n")
        way, before, after = re.fullmatch(r"(\w+) (.*) ?-> (.*)", words).groups()  # type: ignore[union-attr]
        revision = (after if way == "upgrade" else before).strip()
        lines = [line for line in body.splitlines() if "alembic_version" not in line]
        # In offline mode Alembic writes % twice, as its driver would be given it; the server is sent one.
        found.append((revision, normal("\n".join(lines)).replace("%%", "%")))
    return found


def normal(sql: str) -> str:
    statements = (" ".join(statement.split()) for statement in re.split(r";[ \t]*(?:\n|$)", sql))
    return " ; ".join(statement for statement in statements if statement and statement not in {"BEGIN", "COMMIT"})


def sent(script: Script) -> str:
    return normal("".join(f"{fragment.sql};\n" for fragment in script.fragments))


@pytest.fixture
def history(tmp_path: Path) -> dict[str, Migration]:
    lay_out(tmp_path)
    read = read_history([tmp_path])
    assert read.problems == ()
    assert all(migration.problems == () for migration in read.migrations)
    return {migration.id: migration for migration in read.migrations}


def test_a_branched_tree_is_run_in_an_order_that_alembic_runs_too(
    history: dict[str, Migration], tmp_path: Path
) -> None:
    order = list(history)

    assert set(order) == set(TREE)
    assert order[0] == "a1"
    assert order[-1] == "e5"
    assert order.index("d4") > max(order.index("b2"), order.index("c3"))
    assert sorted(name for name, _ in told(alembic(tmp_path, "upgrade", "heads"))) == sorted(TREE)


@pytest.mark.parametrize("way", list(Direction), ids=lambda way: way.value)
def test_each_revision_sends_what_alembic_writes(way: Direction, history: dict[str, Migration], tmp_path: Path) -> None:
    words = ("upgrade", "heads") if way is Direction.UP else ("downgrade", "e5:base")

    for revision, sql in told(alembic(tmp_path, *words)):
        script = dict(history[revision].scripts())[way]
        assert sent(script) == sql, revision


def test_an_autocommit_block_ends_the_transaction_where_alembic_commits(
    history: dict[str, Migration], tmp_path: Path
) -> None:
    output = alembic(tmp_path, "upgrade", "a1:c3")
    body = output[output.index("-- Running upgrade a1 -> c3") :]
    seen = [line.split(" ")[0] for line in body.splitlines() if re.match(r"ALTER|CREATE|COMMIT|BEGIN", line)]

    assert seen[:5] == ["ALTER", "COMMIT;", "CREATE", "BEGIN;", "ALTER"]
    assert [fragment.in_transaction for fragment in history["c3"].up.fragments][:3] == [True, False, True]
