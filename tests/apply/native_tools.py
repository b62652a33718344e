"""Migration tools of others, as their users run them: a migration, and one more that wants a strong lock."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

CLINIC = Path(__file__).parents[2] / "gatekeeper" / "demo" / "clinic"
_PACKAGES = ("dbmate@2", "node-pg-migrate@8", "pg@8")
_NODE_PROGRAMS = frozenset({"dbmate", "node-pg-migrate"})


@dataclass(frozen=True)
class NativeTool:
    """`first` and `more` are files of its project, by path; `command` brings the database up to date."""

    name: str
    command: tuple[str, ...]
    first: Mapping[str, str]
    more: Mapping[str, str]
    begin: tuple[tuple[str, ...], ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


_ALEMBIC_ENV = """
from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

with create_engine("postgresql+psycopg://", poolclass=NullPool).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
_ALEMBIC_REVISION = """
from alembic import op

revision, down_revision = {revision!r}, {down!r}


def upgrade():
    op.execute({sql!r})
"""
ORDERS = "CREATE TABLE orders (id bigint PRIMARY KEY, note text)"
PAID = "ALTER TABLE orders ADD COLUMN paid boolean"


def _revision(revision: str, down: str | None, sql: str) -> str:
    return _ALEMBIC_REVISION.format(revision=revision, down=down, sql=sql)


def _dbmate(sql: str) -> str:
    return f"-- migrate:up\n{sql};\n-- migrate:down\n"


def _node(sql: str) -> str:
    return f"exports.up = (pgm) => {{ pgm.sql({sql!r}); }};\nexports.down = false;\n"


def _sqitch_plan(*changes: str) -> str:
    lines = [f"{change} 2024-01-0{day}T00:00:00Z T <t@example.com>" for day, change in enumerate(changes, start=1)]
    return "%syntax-version=1.0.0\n%project=shop\n\n" + "\n".join(lines) + "\n"


TOOLS = (
    NativeTool(
        "alembic",
        ("alembic", "upgrade", "head"),
        {
            "alembic.ini": "[alembic]\nscript_location = migrations\n",
            "migrations/env.py": _ALEMBIC_ENV,
            "migrations/versions/1_orders.py": _revision("1", None, ORDERS),
        },
        {"migrations/versions/2_paid.py": _revision("2", "1", PAID)},
    ),
    NativeTool(
        "dbmate",
        ("dbmate", "--no-dump-schema", "up"),
        {"db/migrations/1_orders.sql": _dbmate(ORDERS)},
        {"db/migrations/2_paid.sql": _dbmate(PAID)},
    ),
    NativeTool(
        "node-pg-migrate",
        ("node-pg-migrate", "up"),
        {"migrations/1700000000001_orders.js": _node(ORDERS)},
        {"migrations/1700000000002_paid.js": _node(PAID)},
    ),
    NativeTool(
        "sqitch",
        ("sqitch", "deploy", "db:pg:"),
        {
            "sqitch.conf": "[core]\n\tengine = pg\n",
            "sqitch.plan": _sqitch_plan("orders"),
            "deploy/orders.sql": f"BEGIN;\n{ORDERS};\nCOMMIT;\n",
        },
        {"sqitch.plan": _sqitch_plan("orders", "paid"), "deploy/paid.sql": f"BEGIN;\n{PAID};\nCOMMIT;\n"},
    ),
)


def lay(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def path_to(tool: NativeTool) -> str | None:
    """A PATH on which the tool is found; None where it cannot be had."""
    usual = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # what is installed beside this Python, Alembic too
    if tool.name not in _NODE_PROGRAMS:
        return usual if shutil.which(tool.command[0], path=usual) else None
    programs = _node_programs()
    return f"{programs}:{usual}" if programs else None


def _node_programs() -> Path | None:
    """The folder of the programs that npm has installed for the tests, in a cache of their own."""
    if shutil.which("npm") is None:
        return None
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gatekeeper-tests" / "npm"
    root.mkdir(parents=True, exist_ok=True)
    programs = root / "node_modules" / ".bin"
    with (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not all((programs / name).exists() for name in _NODE_PROGRAMS):
            command = ["npm", "install", "--prefix", str(root), "--no-audit", "--no-fund", "--silent", *_PACKAGES]
            subprocess.run(command, check=False, capture_output=True, timeout=240)
    return programs if all((programs / name).exists() for name in _NODE_PROGRAMS) else None
