"""Which files of a repository are read for names that go, and `gatekeeper lint` in such a repository."""

from pathlib import Path, PurePath

import pytest
from git import Repo

from gatekeeper.application_code import LARGEST_FILE, application_code, is_code
from gatekeeper.git import tracked_files
from migrations_lint.code import Wanted
from migrations_lint.model import Gone, Relation
from tests.gatekeeper.commands import gatekeeper

QUERY = 'NOTES = "SELECT note FROM orders"\n'


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = {
        "migrations/0001_orders.sql": "CREATE TABLE orders (id bigint PRIMARY KEY, note text);\n",
        "migrations/0002_drop.sql": "SET LOCAL lock_timeout = '2s';\nALTER TABLE orders DROP COLUMN note;\n",
        "shop/search.py": QUERY,
        "shop/large.py": QUERY + "#" * LARGEST_FILE,
        "shop/binary.py": QUERY + "\0",
        "tests/test_search.py": QUERY,
        "web/node_modules/x/search.py": QUERY,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    with Repo.init(tmp_path) as repo:
        repo.index.add(list(files))
    (tmp_path / "shop" / "untracked.py").write_text(QUERY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_only_tracked_code_that_runs_is_read_in_bounds(repository: Path) -> None:
    root, names = tracked_files(repository / "migrations")
    wanted = Wanted((Gone(Relation("public", "orders"), "note"),))

    files = list(application_code(root, names, {repository / "migrations"}, wanted))

    assert [str(file.path) for file in files] == ["shop/search.py"]


@pytest.mark.parametrize(
    ("path", "runs"),
    [
        ("src/orders.ts", True),
        ("src/orders.test.ts", False),
        ("src/orders_test.go", False),
        ("app/conftest.py", False),
        ("spec/orders.rb", False),
        ("packages/prisma/migrations/1_x/migration.sql", False),
        ("packages/prisma/schema.prisma", True),
        ("queries/latest.sql", True),
        ("src/contest.py", True),
        ("README.md", False),
        ("vendor/x/y.go", False),
    ],
)
def test_tests_migrations_and_what_others_wrote_do_not_count(path: str, runs: bool) -> None:
    assert is_code(PurePath(path)) is runs


def test_lint_names_the_file_and_line_that_still_use_a_dropped_column(repository: Path) -> None:
    result = gatekeeper("lint", "migrations/0002_drop.sql")

    assert "shop/search.py:1 (SQL) still names public.orders.note" in result.out
    assert result.exit_code == 1


def test_a_reason_in_the_migration_accepts_it(repository: Path) -> None:
    path = repository / "migrations" / "0002_drop.sql"
    reasons = "".join(
        f"-- gatekeeper: allow {rule} because the shop is closed\n"
        for rule in ("name-goes-while-code-uses-it", "drop-breaks-running-code")
    )
    path.write_text(path.read_text().replace("ALTER", f"{reasons}ALTER"))

    result = gatekeeper("lint", "migrations/0002_drop.sql")

    assert result.exit_code == 0


def test_outside_a_repository_nothing_is_read(tmp_path: Path) -> None:
    assert tracked_files(tmp_path)[1] == ()


def test_a_column_that_leaves_the_code_and_the_database_at_once_is_named(repository: Path) -> None:
    with Repo(repository) as repo:
        (repository / "migrations" / "0002_drop.sql").rename(repository / "later.sql")
        repo.index.remove(["migrations/0002_drop.sql"])
        repo.index.commit("released")
        (repository / "later.sql").rename(repository / "migrations" / "0002_drop.sql")
        (repository / "shop" / "search.py").unlink()
        for name in ("shop/search.py", "shop/large.py", "shop/binary.py"):
            repo.index.remove([name], working_tree=False)
        repo.index.add(["migrations/0002_drop.sql"])
        repo.index.commit("drop it")

    result = gatekeeper("lint", "--since", "HEAD~1")

    assert "the released code names public.orders.note at shop/search.py:1 (SQL)" in result.out
    assert "still name" not in result.out
