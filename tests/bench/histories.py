"""Histories to measure with: a schema of so many tables, then the changes that teams make to one, most undone well."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_TABLE = """
CREATE TABLE {table} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    {parent}name text NOT NULL,
    email varchar(200) UNIQUE,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'held', 'closed')),
    amount numeric(12, 2) NOT NULL DEFAULT 0 CHECK (amount >= 0),
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    notes text
);
CREATE INDEX {table}_name ON {table} (name);
CREATE INDEX {table}_open ON {table} (created_at) WHERE state = 'open';
"""
_PARENT = "{name}_id bigint REFERENCES {name} (id),\n    "

# Up and down; the last two leave something behind, as one down in six does.
_CHANGES = (
    ("ALTER TABLE {table} ADD COLUMN phone text;", "ALTER TABLE {table} DROP COLUMN phone;"),
    ("CREATE INDEX {table}_state ON {table} (state, created_at);", "DROP INDEX {table}_state;"),
    (
        "ALTER TABLE {table} ADD CONSTRAINT {table}_named CHECK (name <> '') NOT VALID;\n"
        "ALTER TABLE {table} VALIDATE CONSTRAINT {table}_named;",
        "ALTER TABLE {table} DROP CONSTRAINT {table}_named;",
    ),
    (
        "CREATE TABLE {table}_note (id bigint PRIMARY KEY, of_id bigint NOT NULL REFERENCES {table} (id), body text);\n"
        "CREATE INDEX {table}_note_of ON {table}_note (of_id);",
        "DROP TABLE {table}_note;",
    ),
    ("ALTER TABLE {table} RENAME COLUMN notes TO remarks;", "ALTER TABLE {table} RENAME COLUMN remarks TO notes;"),
    ("ALTER TABLE {table} ALTER COLUMN email TYPE varchar(300);", "ALTER TABLE {table} ALTER email TYPE varchar(200);"),
    (
        "CREATE VIEW {table}_active AS SELECT id, name, state FROM {table} WHERE is_active;",
        "DROP VIEW {table}_active;",
    ),
    (
        "CREATE FUNCTION {table}_stamp() RETURNS trigger LANGUAGE plpgsql AS\n"
        "$$BEGIN NEW.created_at := now(); RETURN NEW; END$$;\n"
        "CREATE TRIGGER {table}_stamped BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_stamp();",
        "DROP TRIGGER {table}_stamped ON {table};\nDROP FUNCTION {table}_stamp();",
    ),
    (
        "CREATE TYPE {table}_kind AS ENUM ('plain', 'special');\n"
        "ALTER TABLE {table} ADD COLUMN kind {table}_kind NOT NULL DEFAULT 'plain';",
        "ALTER TABLE {table} DROP COLUMN kind;\nDROP TYPE {table}_kind;",
    ),
    (
        "ALTER TABLE {table} ADD COLUMN rank integer;\nUPDATE {table} SET rank = id;\n"
        "ALTER TABLE {table} ALTER COLUMN rank SET NOT NULL;",
        "ALTER TABLE {table} DROP COLUMN rank;",
    ),
    ("ALTER TABLE {table} DROP COLUMN amount;", "ALTER TABLE {table} ADD COLUMN amount numeric(12, 2);"),
    ("CREATE INDEX {table}_lower ON {table} (lower(name));", "SELECT 1;"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One migration: its number, and both ways."""

    number: int
    up: str
    down: str


def synthetic(tables: int, changes: int) -> Iterator[Step]:
    """The whole schema in the first migration, then one change to one table each, spread over all tables."""
    names = [f"item_{number:03d}" for number in range(tables)]
    parents = ["", *(_PARENT.format(name=names[number // 4]) for number in range(tables - 1))]
    creating = [_TABLE.format(table=name, parent=parent) for name, parent in zip(names, parents, strict=True)]
    yield Step(1, "".join(creating), "\n".join(f"DROP TABLE {name};" for name in reversed(names)))
    for number in range(changes):
        up, down = _CHANGES[number % len(_CHANGES)]
        table = names[number * 7 % tables]
        yield Step(number + 2, up.format(table=table), down.format(table=table))


def as_sql_files(steps: Sequence[Step], folder: Path) -> None:
    """In the form of golang-migrate."""
    folder.mkdir(parents=True, exist_ok=True)
    for step in steps:
        (folder / f"{step.number:04d}_step.up.sql").write_text(step.up, encoding="utf-8")
        (folder / f"{step.number:04d}_step.down.sql").write_text(step.down, encoding="utf-8")


_REVISION = '''"""step {number}"""
from alembic import op

revision = "{number:04d}"
down_revision = {before}


def upgrade():
    op.execute({up!r})


def downgrade():
    op.execute({down!r})
'''


def as_alembic(steps: Sequence[Step], folder: Path) -> None:
    """As revisions that execute the same SQL."""
    versions = folder / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    for step in steps:
        before = f'"{step.number - 1:04d}"' if step.number > 1 else "None"
        text = _REVISION.format(number=step.number, before=before, up=step.up, down=step.down)
        (versions / f"{step.number:04d}_step.py").write_text(text, encoding="utf-8")
