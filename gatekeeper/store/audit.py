"""The audit log as rows. Whoever changes what the store knows appends here, in the same transaction."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

import rfc8785
from sqlalchemy import Connection, Engine, insert, select, text

from gatekeeper.model.audit import NO_ENTRY_BEFORE, AuditEntry, AuditEvent
from gatekeeper.store import tables

_entries, _details, _actors, _heads = (
    tables.audit_entries, tables.audit_details, tables.audit_actors, tables.audit_heads,
)  # fmt: skip
_APPENDING = 7_309_453_421_689  # any number, the same in every process: who holds it writes the next entry


def append(connection: Connection, event: AuditEvent) -> AuditEntry:
    """Write the next entry. Its details get a salt, so that nobody can guess them from their digest."""
    if connection.dialect.name == "postgresql":  # on SQLite every transaction of ours has the file to itself
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _APPENDING})
    newest = connection.execute(select(_entries).order_by(_entries.c.number.desc()).limit(1)).mappings().first()
    last = AuditEntry(**newest) if newest else None
    content = {**event.details, "salt": secrets.token_hex(16)}
    entry = AuditEntry(
        number=last.number + 1 if last else 0,
        at=event.at,
        actor=_pseudonym(connection, event.actor),
        action=event.action,
        release=event.release,
        digest=event.digest,
        details=hashlib.sha256(rfc8785.dumps(content)).hexdigest(),
        previous=last.sha256 if last else NO_ENTRY_BEFORE,
    )
    connection.execute(insert(_details).values(sha256=entry.details, content=content))
    connection.execute(insert(_entries).values(**{name: getattr(entry, name) for name in _entries.c.keys()}))  # noqa: SIM118
    return entry


class AuditLog:
    """Reads the log, and keeps its signed heads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def entries(self) -> tuple[AuditEntry, ...]:
        """Every entry, from the first on."""
        with self._engine.begin() as connection:
            rows = connection.execute(select(_entries).order_by(_entries.c.number)).mappings()
            return tuple(AuditEntry(**row) for row in rows)

    def details(self) -> Mapping[str, Any]:
        """What has not been erased of the details, by digest."""
        with self._engine.begin() as connection:
            rows = connection.execute(select(_details)).mappings()
            return {row["sha256"]: row["content"] for row in rows}

    def actors(self) -> Mapping[str, str]:
        """The names behind the pseudonyms."""
        with self._engine.begin() as connection:
            rows = connection.execute(select(_actors)).mappings()
            return {row["pseudonym"]: row["name"] for row in rows}

    def heads(self) -> tuple[str, ...]:
        """Every signed head, oldest first."""
        with self._engine.begin() as connection:
            return tuple(connection.execute(select(_heads.c.text).order_by(_heads.c.size)).scalars())

    def add_head(self, size: int, signed: str) -> None:
        """Keep a signed head; one of the same size that is there already stays."""
        with self._engine.begin() as connection:
            if connection.execute(select(_heads.c.size).where(_heads.c.size == size)).first() is None:
                connection.execute(insert(_heads).values(size=size, text=signed))


def _pseudonym(connection: Connection, name: str) -> str:
    known = connection.execute(select(_actors.c.pseudonym).where(_actors.c.name == name)).scalar()
    if known is None:
        known = f"actor-{secrets.token_hex(6)}"
        connection.execute(insert(_actors).values(name=name, pseudonym=known))
    return str(known)
