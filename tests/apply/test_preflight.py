"""Each thing that is looked at before a migration says go, wait or stop, and what to do."""

import pytest

from gatekeeper.apply.demand import Demand
from gatekeeper.apply.preflight import Conditions, Due, Item, Slot, Standby, Verdict, judge, stops, waits
from gatekeeper.model.blocker import Blocker
from migrations_lint.locks import LockMode
from migrations_lint.model import Relation

ORDERS = Demand(Relation("public", "orders"), LockMode.ACCESS_EXCLUSIVE)
ALTER = Due((ORDERS,))
REWRITE = Due((ORDERS,), writes=10_000_000_000)


def blocker(age: float | None, **more: object) -> Blocker:
    values: dict[str, object] = {"pid": 7, **more}
    return Blocker("3/7", relation="public.orders", mode="ACCESS SHARE", age=age, **values)  # type: ignore[arg-type]


def judged(found: Conditions, due: Due) -> list[Item]:
    return [item for item in judge(found, due, "migrator") if item.verdict is not Verdict.GO]


def test_a_quiet_primary_is_a_go() -> None:
    assert judged(Conditions(connections_left=40, disk_free=10**12), REWRITE) == []


WRAPAROUND = blocker(900, kind="autovacuum worker", query="autovacuum: VACUUM public.orders (to prevent wraparound)")


@pytest.mark.parametrize(
    ("found", "due", "subject"),
    [
        (Conditions(in_recovery=True), ALTER, "server"),
        (Conditions(sees_others=False, others_connected=True), ALTER, "role"),
        (Conditions(on_tables=(WRAPAROUND,)), ALTER, "vacuum"),
        (Conditions(on_tables=(blocker(3600, pid=None, application="tx-1"),)), ALTER, "prepared transaction"),
        (Conditions(wants_synchronous=True, synchronous_commit="on"), ALTER, "synchronous standby"),
        (Conditions(slots=(Slot("cdc", True, 0, 1000),)), REWRITE, "replication slot"),
        (Conditions(disk_free=5_000_000_000), REWRITE, "disk"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_pass_by_itself_stops_and_says_what_to_do(found: Conditions, due: Due, subject: str) -> None:
    (item,) = judged(found, due)

    assert (item.subject, item.verdict) == (subject, Verdict.STOP)
    assert item.next_step
    assert stops([item]) == (item,)


@pytest.mark.parametrize(
    ("found", "due", "subject"),
    [
        (Conditions(standbys=(Standby("replica", 40.0, is_synchronous=False),)), ALTER, "standby"),
        (Conditions(queries=(("replica:5432/app", 60.0),)), ALTER, "standby"),
        (Conditions(connections_left=1), ALTER, "connections"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_passes_by_itself_is_waited_for(found: Conditions, due: Due, subject: str) -> None:
    (item,) = judged(found, due)

    assert (item.subject, item.verdict) == (subject, Verdict.WAIT)
    assert waits([item]) == (item,)


@pytest.mark.parametrize("application", ["pg_dump", "a long report"])
def test_whoever_holds_the_table_is_waited_for_where_the_lock_is_asked_for(application: str) -> None:
    (item,) = judged(Conditions(on_tables=(blocker(60, application=application),)), ALTER)

    assert item.verdict is Verdict.WAIT
    assert waits([item]) == ()


def test_a_half_detached_partition_is_told_and_the_run_that_began_it_may_go_on() -> None:
    told = judge(Conditions(half_detached=("public.orders_2020",)), ALTER, "migrator")

    (item,) = [item for item in told if item.subject == "partition"]
    assert item.verdict is Verdict.GO
    assert "FINALIZE" in (item.next_step or "")


def test_what_a_migration_does_not_need_does_not_stop_it() -> None:
    missing = Conditions(wants_synchronous=True, synchronous_commit="local", disk_free=1, connections_left=10)
    reader = blocker(60)

    assert judged(missing, ALTER) == []
    assert judged(Conditions(on_tables=(reader,)), Due((Demand(ORDERS.relation, LockMode.SHARE),))) == []
    assert judged(Conditions(sees_others=False, others_connected=False), ALTER) == []
