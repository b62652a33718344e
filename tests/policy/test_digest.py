"""Approvals are bound to a digest: anything that matters changes it, and the order of arrival does not."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.model.evidence import Evidence
from gatekeeper.model.release import PlannedMigration, PlannedUndo, Release
from gatekeeper.policy.digest import DigestInputs, digest_of, inputs_of, release_digest

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
RELEASE = Release(
    id="r1",
    service="clinic",
    environment="production",
    version="v2",
    previous="v1",
    commit="abc",
    starter="ada",
    started=NOW,
    migrations=(PlannedMigration("0007", "migrations/0007.sql", "f", "s"),),
)
LINT = Evidence("lint", "11", "pass", "", Path("lint.json"), NOW)
VERIFY = Evidence("verify", "22", "pass", "", Path("verify.json"), NOW)


def inputs(release: Release = RELEASE, evidence: tuple[Evidence, ...] = (LINT, VERIFY)) -> DigestInputs:
    return inputs_of(
        release, evidence, [PlannedUndo(4, "…")], database_host="db", policy="p", deploy="d", tool="0.1.0"
    )  # fmt: skip


def test_the_digest_is_that_of_the_canonical_form() -> None:
    by_hand = hashlib.sha256('{"a":"é","b":1}'.encode()).hexdigest()

    assert digest_of({"b": 1, "a": "é"}) == by_hand


def test_evidence_may_arrive_in_any_order() -> None:
    assert release_digest(inputs(evidence=(LINT, VERIFY))) == release_digest(inputs(evidence=(VERIFY, LINT)))


def test_an_edited_migration_changes_the_digest() -> None:
    edited = replace(RELEASE, migrations=(replace(RELEASE.migrations[0], sql_sha256="t"),))

    assert release_digest(inputs(edited)) != release_digest(inputs())


@given(st.sampled_from([n for n in DigestInputs.__dataclass_fields__ if n not in {"migrations", "evidence", "undo"}]))
def test_every_input_counts(name: str) -> None:
    assert release_digest(replace(inputs(), **{name: "something else"})) != release_digest(inputs())  # type: ignore[arg-type]


def test_new_evidence_and_another_way_back_change_the_digest() -> None:
    assert release_digest(inputs(evidence=(LINT,))) != release_digest(inputs())
    assert release_digest(replace(inputs(), undo=({"row": 9, "plan": "…"},))) != release_digest(inputs())


def test_the_progress_of_a_release_does_not_change_it() -> None:
    assert release_digest(inputs(replace(RELEASE, summary="…", digest="x"))) == release_digest(inputs())
