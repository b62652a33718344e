"""Prisma's note of a migration that gave way, taken back where nothing of it can stand, so that the next may follow.

Prisma writes a row before it sends a script, and refuses every later migration until a row without an end is marked
as rolled back, which `prisma migrate resolve --rolled-back NAME` does (Prisma 6, Patching and hotfixing). It sends a
script as one string, which PostgreSQL runs as one transaction (PostgreSQL 18, 54.2.2.1 Multiple Statements in a
Simple Query) unless the script ends one itself or holds a statement that none accepts.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from psycopg import Connection, sql

from migrations_lint.model import Fragment, Source
from migrations_lint.parse import parse, tokens

_TABLES = """
SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relname = '_prisma_migrations' AND c.relkind = 'r'
"""
_OPEN = "SELECT migration_name FROM {} WHERE finished_at IS NULL AND rolled_back_at IS NULL"
_TAKE_BACK = "UPDATE {} SET rolled_back_at = now() WHERE finished_at IS NULL AND rolled_back_at IS NULL"
_NOT_OURS = frozenset({"node_modules"})


def take_back(connection: Connection[Any], folder: Path) -> bool:
    """Mark the migration that has just given way as rolled back; False where that cannot be said of it."""
    schemas = [row[0] for row in connection.execute(_TABLES)]
    if len(schemas) != 1:
        return False
    table = sql.Identifier(schemas[0], "_prisma_migrations")
    names = [row[0] for row in connection.execute(sql.SQL(_OPEN).format(table))]
    if len(names) != 1 or not _is_one_transaction(names[0], folder):
        return False
    connection.execute(sql.SQL(_TAKE_BACK).format(table))
    return True


def _is_one_transaction(name: str, folder: Path) -> bool:
    texts = {path.read_text(encoding="utf-8", errors="replace") for path in _scripts(name, folder)}
    return len(texts) == 1 and is_one_transaction(texts.pop())


def is_one_transaction(script: str) -> bool:
    """Whether a script that is sent as one string stands or falls as a whole."""
    parsed = parse(Fragment(script, Source(Path(), script), 0, len(script)))
    if parsed.errors or any(one.kind in {"transaction_stmt", "call_stmt", "do_stmt"} for one in parsed.statements):
        return False
    words = {token.text.upper() for token in tokens(script)}
    return words.isdisjoint({"CONCURRENTLY", "VACUUM"})


def _scripts(name: str, folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = [one for one in folders if one not in _NOT_OURS and not one.startswith(".")]
        path = Path(root)
        if path.name == name and path.parent.name == "migrations" and "migration.sql" in files:
            yield path / "migration.sql"
