"""Django migrations beside Django's own `sqlmigrate` on a real server, and what the project around them decides."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gatekeeper.staging.scratch import scratch
from gatekeeper.staging.server import StagingServer
from migrations_lint.api import lint_paths
from migrations_lint.edits import edited
from migrations_lint.fixing import fix_history
from migrations_lint.formats import formats
from migrations_lint.history import read_history
from migrations_lint.model import Script
from migrations_lint.settings import LintSettings

HEAD = "from django.db import migrations, models\nfrom django.contrib.postgres.operations import TrigramExtension\n\n\n"
OPERATIONS = {
    "0001_initial": """
        migrations.CreateModel("Clinic", [("id", models.BigAutoField(primary_key=True)),
            ("code", models.CharField(max_length=8, unique=True)), ("size", models.PositiveIntegerField(default=0))]),
        migrations.CreateModel("Nurse", [("id", models.BigAutoField(primary_key=True)),
            ("name", models.TextField(default="O'Hara 100%")), ("born", models.DateField(null=True)),
            ("badge", models.IntegerField(db_index=True)),
            ("clinic", models.ForeignKey("clinic.clinic", models.CASCADE))],
            options={"unique_together": {("name", "clinic")}}),""",
    "0002_change": """
        migrations.AlterField("clinic", "code", models.CharField(max_length=20)),
        migrations.AlterField("nurse", "badge", models.IntegerField(unique=True)),
        migrations.AlterUniqueTogether("nurse", set()),
        migrations.AlterField("nurse", "clinic", models.ForeignKey("clinic.clinic", models.PROTECT, null=True)),
        migrations.AddIndex("nurse", models.Index(fields=["born"], name="nurse_born")),
        migrations.AddConstraint("clinic", models.CheckConstraint(condition=models.Q(size__lt=900), name="small")),""",
    "0003_more": """
        migrations.RenameField("nurse", "name", "full_name"),
        migrations.AlterField("clinic", "size", models.BigIntegerField(default=3)),
        migrations.RemoveField("nurse", "clinic"),
        migrations.RenameModel("Nurse", "Carer"),
        migrations.AlterModelTable("Clinic", "clinics"),
        migrations.AddField("clinic", "rooms", models.JSONField(default=dict)),
        migrations.RunSQL(["SELECT 1", ("SELECT %s", ["it's"])], migrations.RunSQL.noop),""",
    "0004_last": """
        migrations.RemoveConstraint("clinic", "small"),
        migrations.AlterField("clinic", "id", models.AutoField(primary_key=True)),
        migrations.DeleteModel("Carer"),""",
}


def project(root: Path, operations: dict[str, str]) -> Path:
    folder = root / "clinic" / "migrations"
    folder.mkdir(parents=True)
    (root / "manage.py").write_text(
        "from django.core.management import execute_from_command_line as run\nimport sys\nrun(sys.argv)\n"
    )
    for package in (folder, folder.parent):
        (package / "__init__.py").touch()
    before = "[]"
    for name, text in operations.items():
        body = f"class Migration(migrations.Migration):\n    dependencies = {before}\n    operations = [{text}\n    ]\n"
        (folder / f"{name}.py").write_text(HEAD + body)
        before = f"[('clinic', {name!r})]"
    return root


def test_the_sql_is_that_of_sqlmigrate_both_ways(embedded: StagingServer, tmp_path: Path) -> None:
    project(tmp_path, OPERATIONS)
    with scratch(embedded) as databases, embedded.connect(databases.create()) as connection:
        info = connection.info
        (tmp_path / "settings.py").write_text(
            f"INSTALLED_APPS = ['clinic']\nDATABASES = {{'default': {{'ENGINE': 'django.db.backends.postgresql', "
            f"'NAME': {info.dbname!r}, 'USER': {info.user!r}, 'HOST': {info.host!r}, 'PORT': {info.port!r}, "
            f"'PASSWORD': {info.password!r}}}}}\n"
        )
        for migration in read_history([tmp_path]).migrations:
            assert migration.problems == ()
            name = migration.path.stem
            assert sent(migration.up) == sqlmigrate(tmp_path, name)
            manage(tmp_path, "migrate", "clinic", name)
            assert migration.down is not None
            assert sent(migration.down) == sqlmigrate(tmp_path, name, "--backwards")


def test_what_is_said_of_undoing_an_operation_says_so_for_it_stands_where_the_operation_does(tmp_path: Path) -> None:
    create = (
        'migrations.CreateModel("Note", [("id", models.BigAutoField(primary_key=True)), '
        '("text", models.CharField(max_length=20))]),'
    )
    widen = 'migrations.AlterField("note", "text", models.CharField(max_length=40)),'
    project(tmp_path, {"0001_initial": create, "0002_widen": widen})

    report = lint_paths([tmp_path / "clinic" / "migrations" / "0002_widen.py"])

    (rewrite,) = (finding for finding in report.findings if finding.rule == "type-change-rewrites-table")
    assert rewrite.message.startswith("undoing this: reads and writes of public.clinic_note wait")
    assert "undoing this" not in next(f.message for f in report.findings if f.rule == "lock-waits-without-timeout")


@pytest.mark.parametrize(
    ("operation", "concurrent"),
    [
        ('migrations.AddIndex("note", models.Index(fields=["text"], name="note_text")),', "AddIndexConcurrently"),
        ('migrations.RemoveIndex("note", "note_old"),', "RemoveIndexConcurrently"),
    ],
)
def test_an_index_that_stands_alone_is_fixed_with_the_operation_for_it(
    operation: str, concurrent: str, tmp_path: Path
) -> None:
    create = (
        'migrations.CreateModel("Note", [("id", models.BigAutoField(primary_key=True)), ("text", models.TextField())], '
        'options={"indexes": [models.Index(fields=["text"], name="note_old")]}),'
    )
    project(tmp_path, {"0001_initial": create, "0002_index": operation})
    path = tmp_path / "clinic" / "migrations" / "0002_index.py"
    before = read_history([path])

    (file,) = fix_history(before, LintSettings(server_version=15)).files

    assert f"from django.contrib.postgres.operations import {concurrent}\nfrom django.db import" in file.after
    assert f"{concurrent}({operation.partition('(')[2]}" in file.after
    assert "    atomic = False\n" in file.after
    path.write_text(file.after)
    after = lint_paths([path], LintSettings(server_version=15))
    assert [finding.rule for finding in after.findings if finding.rule.startswith("index-")] == []
    assert all("CONCURRENTLY" in fragment.sql for fragment in read_history([path]).reported()[0].up.fragments)


def test_an_index_beside_other_operations_is_not_fixed_for_they_would_lose_their_transaction(tmp_path: Path) -> None:
    create = (
        'migrations.CreateModel("Note", [("id", models.BigAutoField(primary_key=True)), ("text", models.TextField())]),'
    )
    both = (
        'migrations.AddField("note", "size", models.IntegerField(null=True)), '
        'migrations.AddIndex("note", models.Index(fields=["text"], name="note_text")),'
    )
    project(tmp_path, {"0001_initial": create, "0002_both": both})

    report = lint_paths([tmp_path / "clinic" / "migrations" / "0002_both.py"])

    (index,) = (finding for finding in report.findings if finding.rule == "index-build-blocks-writes")
    assert index.fix is None


def sent(script: Script) -> list[str]:
    return [" ".join(fragment.sql.split()) for fragment in script.fragments]


def sqlmigrate(root: Path, *words: str) -> list[str]:
    lines = [line for line in manage(root, "sqlmigrate", "clinic", *words).splitlines() if not line.startswith("--")]
    return [" ".join(line.rstrip(";").split()) for line in lines if line not in {"BEGIN;", "COMMIT;", ""}]


def manage(root: Path, *words: str) -> str:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "settings"}
    command = [sys.executable, "-W", "ignore", "manage.py", *words, "--no-color"]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True).stdout


def test_a_user_model_of_the_project_takes_the_place_of_django_s_own(tmp_path: Path) -> None:
    create = 'migrations.CreateModel("User", [("id", models.BigAutoField(primary_key=True))]),'
    note = (
        'migrations.CreateModel("Note", [("id", models.BigAutoField(primary_key=True)), '
        '("by", models.ForeignKey("clinic.user", models.CASCADE))]),'
    )
    project(tmp_path, {"0001_initial": create, "0002_note": note})
    (tmp_path / "clinic" / "settings.py").write_text('AUTH_USER_MODEL = "clinic.User"\n')

    history = read_history([tmp_path])

    assert [migration.id for migration in history.migrations] == ["clinic.0001_initial", "clinic.0002_note"]
    assert 'REFERENCES "clinic_user"' in history.migrations[1].up.sql


def test_two_leaves_of_an_app_are_two_heads(tmp_path: Path) -> None:
    project(tmp_path, {"0001_a": "", "0002_b": ""})
    text = (tmp_path / "clinic/migrations/0002_b.py").read_text()
    (tmp_path / "clinic/migrations/0002_c.py").write_text(text)

    heads = {migration.id: migration.other_heads for migration in read_history([tmp_path]).migrations}

    assert heads == {"clinic.0001_a": (), "clinic.0002_b": ("clinic.0002_c",), "clinic.0002_c": ("clinic.0002_b",)}


def test_other_tools_below_a_project_are_read_too(tmp_path: Path) -> None:
    project(tmp_path, {"0001_a": ""})
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "1_a.up.sql").write_text("CREATE TABLE a (id bigint);\n")

    assert {migration.tool for migration in read_history([tmp_path]).migrations} == {"django", "golang_migrate"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class Migration(:\n", "could not be loaded: SyntaxError"),
        ("import django\n1 / 0\nclass Migration: pass\n", "could not be loaded: ZeroDivisionError"),
        (
            "from django.db import migrations\nclass Migration(migrations.Migration):\n    operations = [None]\n",
            "could not be loaded: TypeError: None stands among its operations",
        ),
    ],
)
def test_a_migration_that_does_not_load_is_named_and_hides_no_other(text: str, message: str, tmp_path: Path) -> None:
    project(tmp_path, {"0001_a": 'migrations.RunSQL("SELECT 1"),'})
    (tmp_path / "clinic/migrations/0002_b.py").write_text(f"# django\n{text}")

    history = read_history([tmp_path])

    assert [migration.id for migration in history.migrations] == ["clinic.0001_a"]
    assert [problem.message.startswith(message) for problem in history.problems] == [True]


def test_a_migration_leaves_its_transaction(tmp_path: Path) -> None:
    project(tmp_path, {"0001_a": 'migrations.RunSQL("VACUUM"),'})
    (migration,) = read_history([tmp_path]).migrations

    edits = formats()["django"].outside_transaction(migration, migration.up.fragments[0])

    assert edits is not None
    migration.path.write_text(edited(migration.path.read_text(), edits))
    (after,) = read_history([tmp_path]).migrations
    assert (after.in_transaction, after.up.sql) == (False, "VACUUM")
