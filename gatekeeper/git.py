"""What git knows of a change: which files it touches, which commit it is, and who wrote it."""

import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from git import Repo
from git.exc import GitCommandError, InvalidGitRepositoryError, NoSuchPathError

from gatekeeper.errors import GatekeeperError

_CO_AUTHOR = re.compile(r"(?P<name>[^<]*)<(?P<email>[^>]*)>")


class GitProblem(GatekeeperError):
    """A folder that is no repository, or a revision that it does not have."""

    exit_code = 2


@dataclass(frozen=True, slots=True, order=True)
class Author:
    """Someone who wrote a commit, or is named in its Co-authored-by lines."""

    name: str
    email: str


def changed_files(repository_path: Path, since: str) -> tuple[Path, ...]:
    """Files added, modified or renamed since the common ancestor with `since`; uncommitted and untracked ones too.

    The paths are absolute. Deleted files are left out: there is nothing to read in them.
    """
    with _repository(repository_path) as repository:
        base = _common_ancestor(repository, since)
        changed = repository.git.diff("--name-only", "--no-renames", "--diff-filter=d", "-z", base)
        untracked = repository.git.ls_files("--others", "--exclude-standard", "--full-name", "-z", ":/")
        root = Path(repository.working_tree_dir or repository_path)
        names = {name for name in (*changed.split("\0"), *untracked.split("\0")) if name}
        return tuple(root / name for name in sorted(names))


def files_at(repository_path: Path, since: str) -> tuple[Path, ...]:
    """The files that the common ancestor with `since` has; absolute paths."""
    with _repository(repository_path) as repository:
        base = _common_ancestor(repository, since)
        root = Path(repository.working_tree_dir or repository_path)
        names = repository.git.ls_tree("-r", "--full-tree", "--name-only", "-z", base).split("\0")
        return tuple(root / name for name in names if name)


def tracked_files(folder: Path) -> tuple[Path, tuple[str, ...]]:
    """The root of the repository that a folder is in, and the names below it that git tracks; no names without one."""
    try:
        with Repo(folder, search_parent_directories=True) as repository:
            root = Path(repository.working_tree_dir or folder)
            names = repository.git.ls_files("-z", "--full-name", ":/").split("\0")
            return root, tuple(name for name in names if name)
    except (InvalidGitRepositoryError, NoSuchPathError):
        return folder, ()


def texts_before(folder: Path, since: str) -> dict[str, bytes]:
    """What the files that changed since the common ancestor with `since` held then, by their names below the root."""
    with _repository(folder) as repository:
        base = repository.commit(_common_ancestor(repository, since))
        names = repository.git.diff("--name-only", "--no-renames", "--diff-filter=MDT", "-z", base.hexsha).split("\0")
        return {name: (base.tree / name).data_stream.read() for name in names if name}


def commit(repository_path: Path, revision: str = "HEAD") -> str:
    """The full name of the commit."""
    with _repository(repository_path) as repository:
        return _resolve(repository, revision)


def committed(repository_path: Path, commits: Collection[str]) -> dict[str, datetime]:
    """When each of these commits was made; those that git does not have are left out."""
    with _repository(repository_path) as repository:
        found = {}
        for name in commits:
            with suppress(GitProblem):
                at = repository.git.log("-1", "--format=%cI", _resolve(repository, name))
                found[name] = datetime.fromisoformat(at)
        return found


def authors(repository_path: Path, since: str | None, until: str = "HEAD") -> tuple[Author, ...]:
    """Everyone who wrote a commit after `since`, up to `until`, co-authors included; only `until` without `since`."""
    with _repository(repository_path) as repository:
        last = _resolve(repository, until)
        commits = [f"{_resolve(repository, since)}..{last}"] if since else ["-1", last]
        log = repository.git.log("--format=%aN <%aE>%n%(trailers:key=Co-authored-by,valueonly)", *commits)
    people = (_CO_AUTHOR.match(line) for line in log.splitlines())
    return tuple(sorted({Author(person["name"].strip(), person["email"].strip()) for person in people if person}))


def _repository(path: Path) -> Repo:
    try:
        repository = Repo(path, search_parent_directories=True)
    except (InvalidGitRepositoryError, NoSuchPathError) as error:
        raise GitProblem(
            f"{path.absolute()} is not in a git repository",
            next_step="Run this inside your repository, or leave --since away.",
        ) from error
    if not repository.head.is_valid():
        raise GitProblem(f"the repository of {path.absolute()} has no commit yet", next_step="Commit something first.")
    return repository


def _resolve(repository: Repo, revision: str) -> str:
    try:
        return str(repository.git.rev_parse("--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"))
    except GitCommandError as error:
        raise GitProblem(
            f"git knows no revision {revision!r} here",
            next_step="Check the name. In CI, fetch the whole history first (`fetch-depth: 0`).",
        ) from error


def _common_ancestor(repository: Repo, since: str) -> str:
    known = _resolve(repository, since)
    try:
        return str(repository.git.merge_base(known, "HEAD"))
    except GitCommandError as error:
        raise GitProblem(
            f"{since!r} and the current commit have no common ancestor here",
            next_step="In CI, fetch the whole history first (`fetch-depth: 0`).",
        ) from error
