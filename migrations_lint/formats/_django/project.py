"""A project read as a whole, because each migration stands on all before it; kept until one of its files changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from migrations_lint.files import read_text
from migrations_lint.formats._django.graph import MigrationFile, in_order

if TYPE_CHECKING:
    from migrations_lint.formats._django.render import Rendered

_Stamps = tuple[tuple[int, int], ...]


@dataclass
class Project:
    """The migrations of a project in their order, and what they were rendered to."""

    root: Path
    files: list[MigrationFile]
    stamps: _Stamps
    rendered: "Mapping[Path, Rendered] | None" = None

    def render(self, path: Path, text: str) -> "Rendered":
        """What one migration sends; `text` may be one that is not on disk yet."""
        from migrations_lint.formats._django.render import render

        if _disk_text(path) != text:
            return render(self.root, self.files, lambda other: text if other == path else read_text(other))[path]
        if self.rendered is None:
            self.rendered = render(self.root, self.files, read_text)
        return self.rendered[path]


_PROJECTS: dict[Path, Project] = {}


def project_at(root: Path) -> Project:
    """The project that begins in a folder, as it is now."""
    files = in_order(root)
    kept = _PROJECTS.pop(root, None)
    if kept is None or kept.files != files or kept.stamps != _stamps(files):
        kept = Project(root, files, _stamps(files))
    _PROJECTS[root] = kept
    return kept


def project_of(path: Path) -> Project:
    """The project that a migration belongs to: the one that was asked for last, else the outermost one around it."""
    for project in reversed(_PROJECTS.values()):
        if any(file.path == path for file in project.files) and project.stamps == _stamps(project.files):
            return project
    above = [folder for folder in path.parents if (folder / "manage.py").is_file()]
    return project_at(above[-1] if above else path.parent)


def _stamps(files: list[MigrationFile]) -> _Stamps:
    found = (file.path.stat() if file.path.is_file() else None for file in files)
    return tuple((stat.st_mtime_ns, stat.st_size) if stat else (0, 0) for stat in found)


def _disk_text(path: Path) -> str | None:
    return path.read_bytes().decode("utf-8", errors="replace") if path.is_file() else None
