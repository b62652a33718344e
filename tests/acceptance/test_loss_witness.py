"""Before anything goes back the target database is asked what the way down would destroy, and asked anew each time."""

import json
import sys

import psycopg

from tests.acceptance.conftest import SITE, Project
from tests.acceptance.test_release import start_and_approve

# Old code that writes no paid orders would break the check, so the previous version does not simply come back.
UP = (
    "ALTER TABLE orders ADD COLUMN paid text;\n"
    "ALTER TABLE orders ADD CONSTRAINT orders_not_negative CHECK (id >= 0) NOT VALID;\n"
)
DOWN = "ALTER TABLE orders DROP CONSTRAINT orders_not_negative;\nALTER TABLE orders DROP COLUMN paid;\n"


def test_the_way_down_is_judged_by_what_the_target_database_holds_at_that_moment(project: Project) -> None:
    assert project.run("migrate").returncode == 0  # orders is there, and has been for long
    (project.folder / "migrations" / "0002_paid.up.sql").write_text(UP)
    (project.folder / "migrations" / "0002_paid.down.sql").write_text(DOWN)
    release = start_and_approve(project, "v2-broken")

    held = project.run("release", "resume", release)
    assert held.returncode == 5, held.stdout + held.stderr
    nothing = project.status()
    kept = json.loads(_evidence(project, release))

    with psycopg.connect(project.target, autocommit=True) as other:
        other.execute("INSERT INTO orders VALUES (1, 'by card'), (2, NULL)")
    told = project.run("release", "resume", release)
    something = project.status()
    counted = json.loads(_evidence(project, release))

    with psycopg.connect(project.target) as other:
        other.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        assert project.run("release", "resume", release).returncode == 5
    dark = project.status()

    assert [s["undo"]["row"] for s in (nothing, something, dark)] == [5, 6, 7]
    assert {s["outcome"] for s in (nothing, something, dark)} == {"held"}
    assert (kept["nothing_lost"], kept["fits_budget"], [one["rows"] for one in kept["losses"]]) == (
        "proven", "proven", [0],
    )  # fmt: skip
    assert [one["rows"] for one in counted["losses"]] == [1]
    assert "by card" not in json.dumps(counted)
    assert (told.returncode, "1 row: column public.orders.paid" in told.stdout) == (5, True)
    assert project.serving == "v2-broken"


def test_what_the_previous_version_does_on_staging_decides_the_way_back_that_is_promised(project: Project) -> None:
    assert project.run("migrate").returncode == 0
    (project.folder / "migrations" / "0002_name.up.sql").write_text("ALTER TABLE orders ADD COLUMN paid text;\n")
    (project.folder / "migrations" / "0002_name.down.sql").write_text("ALTER TABLE orders DROP COLUMN paid;\n")
    site = json.dumps(str(SITE))
    with (project.folder / "gatekeeper.toml").open("a") as settings:
        settings.write(
            f'[staging.app]\nstart = [{json.dumps(sys.executable)}, {site}, "serve", ".", "{{port}}"]\n'
            'health_path = "/api/health"\n'
        )

    assert project.run("release", "start", "--version", "v2").returncode == 5
    release = project.status()

    assert [step["name"] for step in release["steps"]] == ["lint", "verify", "rehearse", "gate"]
    assert release["undo"]["row"] == 4
    assert "roll" in release["undo"]["plan"].lower()
    kept = json.loads(_evidence(project, release["id"], "rehearse"))
    assert (kept["previous"], kept["works"]) == ("v1", "proven")


def _evidence(project: Project, release: str, kind: str = "loss-witness") -> str:
    return (project.folder / ".gatekeeper" / "artifacts" / release / f"{kind}.json").read_text()
