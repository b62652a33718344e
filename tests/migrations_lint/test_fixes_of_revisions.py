"""Every fix of an Alembic revision on a rule's page: held to the page, to the rule, to Alembic and to real servers."""

import ast
from dataclasses import dataclass
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from gatekeeper.staging.catalog import Catalog, catalog_of
from gatekeeper.staging.compare import compare
from gatekeeper.staging.scratch import Scratch
from gatekeeper.staging.server import StagingServer
from migrations_lint.engine import lint
from migrations_lint.fixing import Fixed, fix_history
from migrations_lint.history import History, read_history
from migrations_lint.rules import rules
from migrations_lint.settings import LintSettings
from tests.migrations_lint.harm import harm, ran
from tests.pages import Section, examples

EXAMPLES = [example for example in examples("migrations_lint/rules") if example.all("py", "fixed")]
HEAD = 'import sqlalchemy as sa\nfrom alembic import op\n\nrevision = "{id}"\ndown_revision = {after}\n\n\n'
ENVIRONMENT = """
from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

with create_engine(context.config.attributes["url"], poolclass=NullPool).connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""


@dataclass(frozen=True)
class Case:
    example: Section
    root: Path
    settings: LintSettings
    history: History
    fixed: Fixed

    @property
    def revision(self) -> Path:
        return self.root / "versions" / "2_change.py"


def plain(code: str) -> str:
    return "\n".join(line.partition("  # finding:")[0] for line in code.splitlines()) + "\n"


def head(number: str, after: str | None) -> str:
    return HEAD.format(id=number, after=repr(after).replace("'", '"'))


@pytest.fixture
def case(example: Section, tmp_path: Path) -> Case:
    root = tmp_path / "migrations"
    (root / "versions").mkdir(parents=True)
    (root / "env.py").write_text(ENVIRONMENT, encoding="utf-8")
    before = example.text("sql", "before") or "SELECT 1"
    text = f'{head("1", None)}def upgrade() -> None:\n    op.execute("""{before}""")\n'
    (root / "versions" / "1_before.py").write_text(text, encoding="utf-8")
    text = head("2", "1") + plain(example.text("py") or "")
    (root / "versions" / "2_change.py").write_text(text, encoding="utf-8")
    history = read_history([root])
    history = History(history.migrations, history.problems, frozenset({root / "versions" / "2_change.py"}))
    version = 18 if "18" in example.title else 15
    settings = LintSettings(server_version=version, off=tuple(name for name in rules() if name != example.name))
    return Case(example, root, settings, history, fix_history(history, settings))


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_the_fix_writes_what_the_page_shows(case: Case) -> None:
    (file,) = case.fixed.files

    assert file.path == case.revision
    assert file.after == head("2", "1") + (case.example.text("py", "fixed") or "")


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_it_is_python_and_the_rule_finds_nothing_more(case: Case) -> None:
    (file,) = case.fixed.files
    file.path.write_text(file.after, encoding="utf-8")
    history = read_history([case.root])

    report = lint(history.migrations, case.settings, selected=frozenset({case.revision}))

    assert ast.parse(file.after)
    assert report.problems == ()
    assert [finding for finding in report.standing() if finding.rule == case.example.name] == []


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_alembic_ends_in_the_same_schema_and_the_locks_are_weaker(
    case: Case, server: StagingServer, databases: Scratch
) -> None:
    if case.settings.server_version > server.version:
        pytest.skip(f"this fix is for PostgreSQL {case.settings.server_version}, and this is {server.version}")
    original_run = ran(case.history, server, databases)
    original = upgraded(case.root, server, databases) if original_run else None
    (file,) = case.fixed.files
    file.path.write_text(file.after, encoding="utf-8")
    fixed_run = ran(read_history([case.root]), server, databases)

    with_fix = upgraded(case.root, server, databases)

    assert fixed_run is not None
    if original_run is not None and original is not None:
        assert compare(original, with_fix) == ()
        assert harm(fixed_run) < harm(original_run)


def upgraded(root: Path, server: StagingServer, databases: Scratch) -> Catalog:
    """What `alembic upgrade head` makes of an empty database, through Alembic itself."""
    name = databases.create()
    try:
        config = Config(attributes={"url": sqlalchemy_url(server, name)})
        config.set_main_option("script_location", str(root).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        command.upgrade(config, "head")
        with server.connect(name) as connection:
            return catalog_of(connection)
    finally:
        databases.drop(name)


def sqlalchemy_url(server: StagingServer, database: str) -> str:
    from psycopg.conninfo import conninfo_to_dict
    from sqlalchemy import URL

    parts = {key: str(value) for key, value in conninfo_to_dict(server.url).items() if value is not None}
    query = {"host": parts["host"]} if parts.get("host", "").startswith("/") else {}
    url = URL.create(
        "postgresql+psycopg",
        username=parts.get("user"),
        password=parts.get("password"),
        host=None if query else parts.get("host"),
        port=int(parts["port"]) if "port" in parts else None,
        database=database,
        query=query,
    )
    return url.render_as_string(hide_password=False)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 6
