from collections.abc import Iterator
from pathlib import Path

import pytest
from git import Actor, Repo

from gatekeeper.errors import GatekeeperError
from gatekeeper.git import Author, authors, changed_files, commit, files_at

ANNA = Actor("Anna", "anna@example.org")
BEN = Actor("Ben", "ben@example.org")


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repo]:
    with Repo.init(tmp_path, initial_branch="main") as made:
        save(made, "migrations/0001.sql", "SELECT 1;")
        save(made, "old.txt", "old")
        made.create_head("base")
        yield made


def save(repository: Repo, name: str, text: str, *, author: Actor = ANNA, message: str = "change") -> str:
    path = Path(repository.working_dir) / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    repository.index.add([name])
    return repository.index.commit(message, author=author, committer=author).hexsha


def names(repository: Repo, since: str) -> list[str]:
    root = Path(repository.working_dir)
    return [path.relative_to(root).as_posix() for path in changed_files(root, since)]


def test_committed_staged_modified_and_untracked_files_are_changes_and_deleted_ones_are_not(repository: Repo) -> None:
    root = Path(repository.working_dir)
    save(repository, "migrations/0002 naïve.sql", "SELECT 2;")
    (root / "migrations" / "0001.sql").write_text("SELECT 1, 1;")
    (root / "migrations" / "0003.sql").write_text("SELECT 3;")
    (root / "old.txt").unlink()

    assert names(repository, "base") == ["migrations/0001.sql", "migrations/0002 naïve.sql", "migrations/0003.sql"]


def test_what_the_other_branch_did_meanwhile_is_not_our_change(repository: Repo) -> None:
    repository.create_head("feature").checkout()
    save(repository, "migrations/0002.sql", "SELECT 2;")
    repository.heads["main"].checkout()
    save(repository, "old.txt", "newer")
    repository.heads["feature"].checkout()

    assert names(repository, "main") == ["migrations/0002.sql"]


def test_a_folder_inside_the_repository_answers_for_the_whole_of_it(repository: Repo) -> None:
    root = Path(repository.working_dir)
    save(repository, "elsewhere.txt", "new")
    (root / "untracked.txt").write_text("new")

    assert changed_files(root / "migrations", "base") == (root / "elsewhere.txt", root / "untracked.txt")


def test_the_files_of_a_revision_are_those_that_it_had(repository: Repo) -> None:
    root = Path(repository.working_dir)
    before = files_at(root, "base")
    save(repository, "migrations/0002 naïve.sql", "SELECT 2;")
    (root / "old.txt").unlink()

    assert files_at(root / "migrations", "base") == before
    assert set(files_at(root, "HEAD")) - set(before) == {root / "migrations" / "0002 naïve.sql"}


def test_the_commit_is_the_full_name_of_head(repository: Repo) -> None:
    assert commit(Path(repository.working_dir)) == repository.head.commit.hexsha


def test_authors_are_those_of_the_range_with_co_authors(repository: Repo) -> None:
    save(repository, "a.txt", "a", author=BEN, message="change\n\nCo-authored-by: Cleo <cleo@example.org>\n")

    assert authors(Path(repository.working_dir), "base") == (
        Author("Ben", "ben@example.org"),
        Author("Cleo", "cleo@example.org"),
    )


@pytest.mark.parametrize("revision", ["no-such-branch", "--output=stolen", "-x"])
def test_an_unknown_revision_is_wrong_usage_and_no_option_of_git(repository: Repo, revision: str) -> None:
    root = Path(repository.working_dir)

    with pytest.raises(GatekeeperError, match="git knows no revision") as caught:
        changed_files(root, revision)

    assert caught.value.exit_code == 2
    assert not (root / "stolen").exists()


def test_outside_a_repository_the_error_says_so(tmp_path: Path) -> None:
    with pytest.raises(GatekeeperError, match="is not in a git repository"):
        commit(tmp_path)


def test_a_repository_without_a_commit_is_told_apart(tmp_path: Path) -> None:
    Repo.init(tmp_path).close()

    with pytest.raises(GatekeeperError, match="has no commit yet"):
        commit(tmp_path)
