"""Tables are asked for before they are needed, in one order, in the strongest mode, not while rows are worked on."""

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.apply.demand import Demand, asked_before, demands_of
from migrations_lint.locks import LockMode
from migrations_lint.model import LockFact, Relation, RelationKind, Work

RELATIONS = st.builds(Relation, st.just("public"), st.sampled_from(["a", "b", "c"]))
LOCKS = st.builds(
    LockFact,
    RELATIONS,
    st.sampled_from([RelationKind.TABLE, RelationKind.PARTITIONED_TABLE, RelationKind.SEQUENCE]),
    st.sampled_from(LockMode),
    st.sampled_from(Work),
    created_here=st.booleans(),
)
STATEMENTS = st.lists(st.lists(LOCKS, max_size=4), max_size=6)


def lock(name: str, mode: LockMode, work: Work = Work.INSTANT) -> LockFact:
    return LockFact(Relation("public", name), RelationKind.TABLE, mode, work)


@given(st.lists(LOCKS))
def test_each_table_is_wanted_once_in_its_strongest_mode_and_in_one_order(locks: list[LockFact]) -> None:
    demands = demands_of(locks)

    assert [demand.relation for demand in demands] == sorted({demand.relation for demand in demands})
    for demand in demands:
        modes = [one.mode for one in locks if one.relation == demand.relation and not one.created_here]
        assert demand.mode in modes


@given(STATEMENTS)
def test_nothing_is_needed_that_was_not_asked_for(statements: list[list[LockFact]]) -> None:
    asked = asked_before(statements)
    held: dict[Relation, LockMode] = {}

    assert len(asked) == len(statements)
    for locks, demands in zip(statements, asked, strict=True):
        for demand in demands:
            held[demand.relation] = max(demand.mode, held.get(demand.relation, demand.mode), key=lambda one: one.rank)
        for demand in demands_of(locks):
            if demand.mode.rank >= LockMode.SHARE_UPDATE_EXCLUSIVE.rank:
                assert held[demand.relation].rank >= demand.mode.rank


@given(STATEMENTS)
def test_what_is_new_in_the_transaction_is_not_asked_for(statements: list[list[LockFact]]) -> None:
    made = [
        [LockFact(one.relation, one.relation_kind, one.mode, one.work, created_here=True)]
        for s in statements
        for one in s
    ]

    assert all(demands == () for demands in asked_before(made))


def test_both_tables_are_asked_for_before_the_first_statement() -> None:
    exclusive, share = LockMode.ACCESS_EXCLUSIVE, LockMode.SHARE_ROW_EXCLUSIVE
    statements = [[lock("orders", share)], [lock("customers", exclusive), lock("orders", exclusive)]]

    assert asked_before(statements) == (
        (Demand(Relation("public", "customers"), exclusive), Demand(Relation("public", "orders"), exclusive)),
        (),
    )


def test_a_table_that_is_needed_after_a_long_update_is_asked_for_after_it() -> None:
    statements = [
        [lock("notes", LockMode.ROW_EXCLUSIVE, Work.ROW_CHANGE)],
        [lock("orders", LockMode.ACCESS_EXCLUSIVE)],
    ]

    assert asked_before(statements) == ((), (Demand(Relation("public", "orders"), LockMode.ACCESS_EXCLUSIVE),))
