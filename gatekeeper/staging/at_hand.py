"""Which PostgreSQL servers this machine could run for us, and which of them a history needs."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from gatekeeper.staging.cluster import embedded_binaries, machine_binaries, version_of
from gatekeeper.staging.errors import StagingUnreachable
from gatekeeper.staging.stand_ins import STAND_INS
from migrations_lint.model import Migration, Script
from migrations_lint.parse.libpg import parse

_CREATES = re.compile(r'CREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS\s+)?"?(?P<name>[\w-]+)', re.IGNORECASE)
_CONTROL_FILES = ("../share/extension", "../share/postgresql/extension", "/usr/share/postgresql/{version}/extension")


class ServerKind(Enum):
    """Whose server it is; the words of `staging` in the report."""

    CONFIGURED = "configured"
    EMBEDDED = "embedded"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class Installed:
    """A PostgreSQL whose programs lie on this machine, and the extensions that it could create."""

    kind: ServerKind
    binaries: Path
    version: int
    extensions: frozenset[str]


def servers_at_hand() -> tuple[Installed, ...]:
    """The embedded PostgreSQL first, then the machine's own, newest first."""
    return (*_embedded(), *(_installed(ServerKind.MACHINE, *one) for one in sorted(machine_binaries().items())[::-1]))


def choose(at_hand: Sequence[Installed], version: int, needed: Iterable[str]) -> Installed | None:
    """The server of production's version that has what the history creates; else the embedded one, if it does.

    An extension that can be stood in for is not worth another version. Where the embedded PostgreSQL would have to
    give up, a server that has them all is taken, whatever its version. None where there is no server at all.
    """
    wanted = frozenset(needed)
    same = [one for one in at_hand if one.version == version and wanted <= one.extensions]
    rest = [one for one in at_hand if one.kind is ServerKind.EMBEDDED and wanted <= one.extensions | STAND_INS.keys()]
    complete = [one for one in at_hand if wanted <= one.extensions]
    return next(iter([*same, *rest, *complete, *at_hand]), None)


def extensions_of(history: Iterable[Migration]) -> frozenset[str]:
    """The extensions that a history creates for certain, not in a block that may skip it."""
    return frozenset(name for migration in history for name in _created_by(migration.up))


def _created_by(script: Script) -> Iterator[str]:
    for fragment in script.fragments:
        if "extension" not in fragment.sql.lower():
            continue
        for statement in parse(fragment).statements:
            if statement.kind == "create_extension_stmt" and (match := _CREATES.search(statement.sql)):
                yield match["name"].lower()


def _embedded() -> Iterator[Installed]:
    try:
        binaries = embedded_binaries()
        version = version_of(binaries)
    except StagingUnreachable:
        return
    yield _installed(ServerKind.EMBEDDED, version, binaries)


def _installed(kind: ServerKind, version: int, binaries: Path) -> Installed:
    folders = [binaries / folder.format(version=version) for folder in _CONTROL_FILES]
    found = next((folder for folder in folders if folder.is_dir()), binaries)
    return Installed(kind, binaries, version, frozenset(file.stem for file in found.glob("*.control")))
