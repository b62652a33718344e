"""A way up that is stopped half-way: what it leaves, and whether it can be run again."""

from dataclasses import replace

import pytest

from gatekeeper.model.proof import Interruption
from gatekeeper.report.proofs import reasons
from gatekeeper.staging.rollback_proof import prove
from gatekeeper.staging.server import StagingServer
from migrations_lint.model import Migration, Script
from tests.staging.test_rollback_proof import TABLE, history

ADD = "ALTER TABLE item ADD COLUMN extra text;\n"
BUILD = "CREATE INDEX CONCURRENTLY item_code ON item (code)"


def one_by_one(migration: Migration) -> Migration:
    """Each statement in a transaction of its own."""
    fragments = tuple(replace(fragment, in_transaction=False) for fragment in migration.up.fragments)
    return replace(migration, up=Script(fragments))


def stopped(server: StagingServer, up: str) -> tuple[Interruption, ...]:
    first, second = history(TABLE, (up, "SELECT 1"))
    return prove([first, one_by_one(second)], server).proofs[-1].interruptions


@pytest.mark.parametrize(
    ("up", "found"),
    [
        (
            f"{ADD}CREATE INDEX ON item (code)",
            [(1, False, ("column public.item.extra",), 'column "extra" of relation "item" already exists')],
        ),
        (f"{ADD.replace('COLUMN', 'COLUMN IF NOT EXISTS')}SELECT 1", []),
        (
            "INSERT INTO item VALUES (7);\nCREATE INDEX item_size ON item (size)",
            [
                (
                    1,
                    False,
                    (),
                    'duplicate key value violates unique constraint "item_pkey" (Key (id)=(7) already exists.)',
                )
            ],
        ),
        (
            "INSERT INTO item SELECT 1 + coalesce(max(id), 0) FROM item;\nCREATE INDEX item_size ON item (size)",
            [(1, False, (), "it runs through, and changes the rows of public.item twice")],
        ),
        (BUILD, [(1, True, ("index item_code on public.item",), 'relation "item_code" already exists')]),
        (
            BUILD.replace("item_code", "IF NOT EXISTS item_code", 1),
            [
                (
                    1,
                    True,
                    ("index item_code on public.item",),
                    "it runs through, and index item_code on public.item is not as it should be",
                )
            ],
        ),
        (
            f"DROP INDEX CONCURRENTLY IF EXISTS item_code;\n{BUILD}",
            [(1, False, (), None), (2, True, ("index item_code on public.item",), None)],
        ),
    ],
)
def test_it_is_stopped_after_each_commit_and_in_each_concurrent_build(
    server: StagingServer, up: str, found: list[tuple[int, bool, tuple[str, ...], str | None]]
) -> None:
    seen = [(one.line, one.is_inside, one.leaves, one.refusal) for one in stopped(server, up)]

    assert seen == found


def test_one_transaction_leaves_nothing_and_is_not_tried(server: StagingServer) -> None:
    proof = prove(history(TABLE, (f"{ADD}SELECT 1 / 1", "ALTER TABLE item DROP COLUMN extra")), server).proofs[-1]

    assert proof.interruptions == ()
    assert proof.can_be_run_again()


def test_the_report_says_what_stays_and_why_it_cannot_be_run_again(server: StagingServer) -> None:
    first, second = history(TABLE, (BUILD, "DROP INDEX item_code"))
    (proof,) = prove([first, one_by_one(second)], server).proofs[1:]

    left = "    if up stops in line 1, it leaves index item_code on public.item"
    assert f'{left}; run again: relation "item_code" already exists' in list(reasons(proof))
