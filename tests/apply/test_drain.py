"""How long traffic takes to drain is told from samples, and one long transaction among them is no custom."""

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.apply.backoff import Budget
from gatekeeper.apply.demand import Demand
from gatekeeper.apply.drain import Sample, is_enough, outliers, traffic
from gatekeeper.model.blocker import Blocker
from migrations_lint.locks import LockMode
from migrations_lint.model import Relation

ORDERS = (Demand(Relation("public", "orders"), LockMode.ACCESS_EXCLUSIVE),)
BUDGET = Budget(0.5, 60)
Transaction = tuple[float, float]
"""When it began and how long it took, in milliseconds."""


def holder(name: str, age: float | None, kind: str = "client backend", query: str = "") -> Blocker:
    return Blocker(name, 1, "public.orders", "ACCESS SHARE", age, kind=kind, query=query)


def watched(transactions: list[Transaction], until: float, every: float = 20) -> list[Sample]:
    """What somebody sees who looks every 20 ms."""
    times = [every * n for n in range(round(until / every) + 1)]
    return [
        Sample(
            at / 1000,
            tuple(
                holder(str(n), (at - began) / 1000)
                for n, (began, lasts) in enumerate(transactions)
                if began <= at < began + lasts
            ),
        )
        for at in times
    ]


SHORT = st.lists(st.tuples(st.floats(0, 2000), st.floats(1, 400)), min_size=1, max_size=60)


@given(SHORT)
def test_the_drain_lies_between_what_was_seen_and_a_fifth_more(transactions: list[Transaction]) -> None:
    told = traffic(watched(transactions, 2600), ORDERS, BUDGET)

    assert 0.02 <= told.drain <= 1.2 * max(lasts for _, lasts in transactions) / 1000 + 0.02
    assert told.fits(BUDGET)


@given(SHORT)
def test_a_long_transaction_that_ends_meanwhile_changes_nothing_about_what_is_usual(
    transactions: list[Transaction],
) -> None:
    with_long = watched([*transactions, (-8000, 8900)], 2600)

    assert traffic(with_long, ORDERS, BUDGET).drain <= 1.2 * 0.4 + 0.02


def test_transactions_that_all_take_longer_than_the_budget_leave_no_room() -> None:
    steady = [(start * 100.0, 900.0) for start in range(-10, 60)]

    told = traffic(watched(steady, 5000), ORDERS, BUDGET)

    assert told.drain > 0.9
    assert not told.fits(BUDGET)
    assert told.fits(Budget(2, 60))
    assert (told.slowest[0].age or 0) > 0.85


def test_two_long_reports_on_a_quiet_table_leave_room_between_them() -> None:
    told = traffic(watched([(0, 1000), (3000, 1000)], 5000), ORDERS, BUDGET)

    assert told.drain > BUDGET.max_stall
    assert told.fits(BUDGET)


def test_who_holds_nothing_that_keeps_us_out_is_not_counted() -> None:
    readers = watched([(start * 50.0, 300.0) for start in range(50)], 2600)
    share = (Demand(Relation("public", "orders"), LockMode.SHARE),)
    elsewhere = (Demand(Relation("public", "customers"), LockMode.ACCESS_EXCLUSIVE),)

    assert traffic(readers, share, BUDGET).finished == traffic(readers, elsewhere, BUDGET).finished == 0


def test_an_idle_table_is_watched_shortly_and_a_busy_one_for_two_seconds() -> None:
    busy = [(start * 20.0, 15.0) for start in range(300)]

    assert is_enough(watched([], 300))
    assert not is_enough(watched(busy, 1900))
    assert is_enough(watched(busy, 2000))


def test_where_what_began_meanwhile_is_slow_it_is_watched_for_longer() -> None:
    slow = [(100.0, 3000.0), (200.0, 3000.0)]

    assert not is_enough(watched(slow, 2000))
    assert is_enough(watched([(-9000, 20_000)], 2000))
    assert is_enough(watched(slow, 5000))


def test_the_old_and_the_unseen_are_waited_for_and_autovacuum_where_it_does_not_yield() -> None:
    vacuum = holder("3", 900, kind="autovacuum worker", query="autovacuum: VACUUM public.orders")
    forced = holder(
        "4", 900, kind="autovacuum worker", query="autovacuum: VACUUM public.orders (to prevent wraparound)"
    )
    seen = (holder("1", 0.1), holder("2", None), vacuum, forced, holder("5", 2))

    assert [one.transaction for one in outliers(seen, 0.02, vacuum_yields=True)] == ["2", "4", "5"]
    assert [one.transaction for one in outliers(seen, 0.02, vacuum_yields=False)] == ["2", "3", "4", "5"]
    assert [one.transaction for one in outliers(seen, 1.5, vacuum_yields=True)] == ["2", "4"]
