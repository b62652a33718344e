"""Migration formats: how each tool lays out its files, and what it would run. One plug-in a tool.

A format is a module with `FORMAT` as its last line, and a page of the same stem. Nothing else is edited to add
one: `formats()` walks this folder and the entry points named `migrations_lint.formats`.
"""

import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol, runtime_checkable

from migrations_lint.model import Edit, Fix, Fragment, Migration
from migrations_lint.timeouts import Timeouts


@runtime_checkable
class MigrationFormat(Protocol):
    """What the linter, the injector and the proof need to know of a migration tool."""

    @property
    def name(self) -> str:
        """The name in the configuration and in reports, such as `alembic`."""
        ...

    def is_root(self, folder: Path) -> bool:
        """Whether a history of this tool begins in `folder`."""
        ...

    def files(self, root: Path) -> Iterator[Path]:
        """The history's migration files (the way up) in the order in which the tool runs them."""
        ...

    def read(self, path: Path, text: str) -> Migration:
        """One migration; raises UnreadableMigration where the tool would refuse the file too."""
        ...

    def with_timeout(self, migration: Migration, timeouts: Timeouts) -> tuple[Edit, ...]:
        """Edits that put the timeouts in force, each where it helps; none where nothing is due."""
        ...

    def outside_transaction(self, migration: Migration, fragment: Fragment) -> tuple[Edit, ...] | None:
        """Edits after which the tool runs a fragment of the migration in no transaction of its own.

        None of them where it does so already; None where the tool has no word for it, so that the statement needs a
        file to itself. An edit may name a file that does not exist yet: its text is then empty.
        """
        ...


@runtime_checkable
class AddsMigrations(Protocol):
    """A format that can name a migration between two others, for the steps of a fix that need one of their own."""

    def following(
        self,
        migration: Migration,
        before: Migration | None,
        up: str,
        down: str | None,
        *,
        in_transaction: bool,
        title: str | None = None,
    ) -> Mapping[Path, str] | None:
        """The files of a migration that runs right after `migration` and before `before`; None where none fits.

        `up` and `down` are the SQL of both ways, the latter None where the history has no ways back. `title` is in
        lower case with `_` between its words; without one the migration is named as a part of the one before.
        """
        ...


@runtime_checkable
class FixesCode(Protocol):
    """A format whose migrations are programs, so that only it can say how they send other SQL."""

    def fixed(self, migration: Migration, fix: Fix) -> tuple[Edit, ...] | None:
        """Edits after which the migration sends the steps of the fix; None where that cannot be written safely."""
        ...


@cache
def formats() -> dict[str, MigrationFormat]:
    """All formats by name, the built-in ones and those of installed packages."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    modules = [f"{__name__}.{name}" for name in names if not name.startswith("_")]
    found = [getattr(import_module(name), "FORMAT", None) for name in modules]
    found += [entry.load() for entry in entry_points(group="migrations_lint.formats")]
    return {plug_in.name: plug_in for plug_in in found if isinstance(plug_in, MigrationFormat)}
