"""A real application is started on the old schema, migrated beneath, asked again, and ended with all its processes."""

import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from gatekeeper.config.settings import AppSettings
from gatekeeper.policy.undo import Answer
from gatekeeper.process import is_running
from gatekeeper.staging.at_hand import ServerKind
from gatekeeper.staging.old_app import OldApp, Rehearsal, old_app_on_new_schema, url_to
from gatekeeper.staging.server import StagingServer
from smoke.settings import CheckSettings, SmokeSettings
from tests.staging.test_rollback_proof import history

SHOP = Path(__file__).parent / "shop.py"
ORDERS = ("CREATE TABLE orders (id bigint PRIMARY KEY, note text)", "DROP TABLE orders")
ADDS = ("ALTER TABLE orders ADD COLUMN total integer", None)
RENAMES = ("ALTER TABLE orders RENAME note TO remark", None)


def rehearsed(server: StagingServer, folder: Path, step: tuple[str, str | None], **app: object) -> OldApp:
    migrations = history(ORDERS, step)
    settings = {
        "start": (sys.executable, str(SHOP), "{version}", "{port}"),
        "environment": {"DATABASE_URL": "{database_url}", "PIDS": str(folder / "pids")},
        "ready_timeout": timedelta(seconds=20),
        **app,
    }
    checks = tuple(CheckSettings("health", path, options={"path": path}) for path in ("/health", "/orders"))
    smoke = SmokeSettings(check=checks)
    rehearsal = Rehearsal("v1", AppSettings.model_validate(settings), smoke, folder, timedelta(seconds=20))
    found = old_app_on_new_schema(server, migrations, {Path("1.sql")}, rehearsal)
    for pid in (folder / "pids").read_text().split() if (folder / "pids").exists() else ():
        assert _gone(int(pid)), f"process {pid} was left"
    return found


def _gone(pid: int) -> bool:
    for _ in range(100):
        if not is_running(pid):
            return True
        time.sleep(0.05)
    return False


def test_an_old_version_that_an_added_column_does_not_disturb_is_proven(server: StagingServer, tmp_path: Path) -> None:
    found = rehearsed(server, tmp_path, ADDS)

    assert (found.works, found.told) == (Answer.PROVEN, "2 of 2 checks passed on the new schema")


def test_a_check_that_passed_before_and_fails_after_disproves_it(server: StagingServer, tmp_path: Path) -> None:
    found = rehearsed(server, tmp_path, RENAMES)

    assert found.works is Answer.DISPROVEN
    assert "/orders" in found.told
    assert found.before is not None
    assert found.before.verdict.is_good


def test_an_application_that_does_not_start_is_unknown_and_says_where_its_output_is(
    server: StagingServer, tmp_path: Path
) -> None:
    found = rehearsed(server, tmp_path, ADDS, start=(sys.executable, "-c", "raise SystemExit('no licence')"))

    assert found.works is Answer.UNKNOWN
    assert "its process ended" in found.told
    assert "no licence" in (tmp_path / "application.log").read_text()


@pytest.mark.parametrize(
    "conninfo",
    [
        "host=db.example.com port=5433 user=tester password='p@ss/w rd' dbname=postgres sslmode=require",
        "host=/var/run/postgresql user=postgres dbname=postgres",
        "host=/tmp/sockets port=5999 user=postgres dbname=postgres",
    ],
)
def test_the_url_that_an_application_gets_means_the_same_server(conninfo: str) -> None:
    url = url_to(StagingServer(ServerKind.CONFIGURED, conninfo, 18), "scratch")

    assert conninfo_to_dict(url) == {**conninfo_to_dict(conninfo), "dbname": "scratch"}
