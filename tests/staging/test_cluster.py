"""A private cluster comes up, tells what stops it, and is gone afterwards."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekeeper.staging.cluster import embedded_binaries, private_cluster
from gatekeeper.staging.errors import StagingUnreachable

pytestmark = pytest.mark.server


def programs(folder: Path, *, broken: str, says: str) -> Path:
    """The embedded PostgreSQL's programs, one of which fails."""
    for program in embedded_binaries().iterdir():
        (folder / program.name).symlink_to(program)
    (folder / broken).unlink()
    (folder / broken).write_text(f"#!/bin/sh\necho 'first line'\necho '{says}' >&2\nexit 1\n")
    (folder / broken).chmod(0o755)
    return folder


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for the clusters of one test, which the server's own user may enter, unlike pytest's."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "programs").mkdir()
        monkeypatch.setenv("TMPDIR", name)
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield folder


def clusters(place: Path) -> list[Path]:
    return list(place.glob("gatekeeper-postgresql-*"))


@pytest.mark.parametrize("broken", ["initdb", "pg_ctl"])
def test_a_program_that_fails_is_told_in_its_own_words_and_leaves_nothing(place: Path, broken: str) -> None:
    binaries = programs(place / "programs", broken=broken, says="could not create shared memory segment")

    with pytest.raises(StagingUnreachable, match=r"could not create shared memory segment") as failure:
        private_cluster(binaries).__enter__()

    assert str(failure.value).startswith(f"{broken} could not bring up a private PostgreSQL")
    assert clusters(place) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends its server another user")
def test_a_program_that_the_servers_user_may_not_reach_is_a_clear_error(place: Path) -> None:
    (place / "programs").chmod(0o700)
    binaries = programs(place / "programs", broken="initdb", says="never said")

    with pytest.raises(StagingUnreachable, match="Install gatekeeper where other users may read it"):
        private_cluster(binaries).__enter__()

    assert clusters(place) == []


def test_clusters_lie_in_memory_unless_somebody_has_chosen_another_place(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with private_cluster(embedded_binaries()) as chosen:
        assert chosen.folder.parent == place
    monkeypatch.delenv("TMPDIR")
    if shutil.disk_usage("/dev/shm").free < 2 * 1024**3:
        pytest.skip("this machine has no room in memory")
    with private_cluster(embedded_binaries()) as cluster:
        assert cluster.folder.parent == Path("/dev/shm")
    assert not cluster.folder.exists()
