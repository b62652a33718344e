"""Alembic: revisions in Python, rendered to the SQL that they would send; `env.py` is never run."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from migrations_lint.errors import UnreadableMigration
from migrations_lint.files import folders_below, natural_key, read_text
from migrations_lint.formats import MigrationFormat
from migrations_lint.formats._alembic import revisions
from migrations_lint.model import Edit, Fix, Fragment, Migration, Source
from migrations_lint.numbering import title_after
from migrations_lint.timeouts import Timeouts


class Alembic:
    """The libraries behind it are imported only when a revision is read."""

    name = "alembic"

    def is_root(self, folder: Path) -> bool:
        """A script location (`env.py` and `versions`), or a folder of revisions somewhere else."""
        if (folder / "env.py").is_file() and (folder / "versions").is_dir():
            return True
        return any(_is_revision(path) for path in sorted(folder.glob("*.py")))

    def files(self, root: Path) -> Iterator[Path]:
        """Every revision after those that it names; files that cannot be read come last."""
        versions = root / "versions"
        folders = folders_below(versions) if versions.is_dir() and (root / "env.py").is_file() else [root]
        files = sorted(
            (path for folder in folders for path in folder.glob("*.py") if _is_revision(path)), key=natural_key
        )
        heads, broken = _heads(files)
        yield from (revision.path for revision in revisions.in_order(heads))
        yield from broken

    def read(self, path: Path, text: str) -> Migration:
        """Both ways as SQL; what could not be rendered is among the migration's problems."""
        from migrations_lint.formats._alembic.render import render

        tree = revisions.parse(path, text)
        head = revisions.revision_of(path, tree)
        rendered = render(Source(path, text), tree)
        depends_on = tuple(_resolved(path, name) for name in head.depends_on)
        return Migration(
            id=head.id,
            tool=self.name,
            path=path,
            up=rendered.up,
            down=rendered.down,
            title=head.title,
            parents=head.down_revision + depends_on,
            problems=rendered.problems,
            down_path=path,
            depends_on=depends_on,
            branch=head.labels[0] if head.labels else "",
        )

    def with_timeout(self, migration: Migration, timeouts: Timeouts) -> tuple[Edit, ...]:
        """`op.execute` of a SET LOCAL as the first statement of a transaction; SET and RESET outside of one."""
        from migrations_lint.formats._alembic.injection import timeout_edits

        source = _source_of(migration)
        tree = revisions.parse(source.path, source.text)
        return tuple(timeout_edits(migration, source, tree, timeouts))

    def outside_transaction(self, migration: Migration, fragment: Fragment) -> tuple[Edit, ...] | None:
        """The operation moves into an `autocommit_block()`."""
        from migrations_lint.formats._alembic.autocommit import autocommit_edits

        if not fragment.in_transaction:
            return ()
        return autocommit_edits(revisions.parse(fragment.source.path, fragment.source.text), fragment)

    def fixed(self, migration: Migration, fix: Fix) -> tuple[Edit, ...] | None:
        """The operation gets more keywords or becomes `op.execute`; `autocommit_block()` parts transactions."""
        from migrations_lint.formats._alembic.fixing import fixed_revision

        return fixed_revision(migration, fix, lambda text: self.read(migration.path, text))

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
        """A revision behind this one, if none has it as its parent; an `env.py` decides about the transactions."""
        from migrations_lint.formats._alembic.writing import next_id, path_of, revision_text

        if before is not None:
            return None
        known = revisions.revision_of(migration.path, revisions.parse(migration.path, read_text(migration.path))).id
        name = title or title_after(migration.title)
        new = next_id(known, name, migration.id)
        path = path_of(migration.path, known, new, name)
        return {path: revision_text(new, migration.id, name, up, down)}


def _source_of(migration: Migration) -> Source:
    """The file's text as it was when the migration was read, or as it is where nothing was rendered from it."""
    for _, script in migration.scripts():
        for fragment in script.fragments:
            return fragment.source
    return Source(migration.path, read_text(migration.path))


def _is_revision(path: Path) -> bool:
    try:
        return revisions.looks_like_revision(path.read_text(encoding="utf-8-sig", errors="replace"))
    except OSError:
        return False


def _heads(files: list[Path]) -> tuple[list[revisions.Revision], list[Path]]:
    heads: list[revisions.Revision] = []
    broken: list[Path] = []
    for path in files:
        try:
            heads.append(revisions.revision_of(path, revisions.parse(path, read_text(path))))
        except UnreadableMigration:
            broken.append(path)
    return heads, broken


def _resolved(path: Path, name: str) -> str:
    """The id that a branch label or the beginning of an id stands for."""
    heads, _ = _heads(sorted(path.parent.glob("*.py")))
    return next((head.id for head in heads if revisions.is_called(head, name)), name)


FORMAT: MigrationFormat = Alembic()
