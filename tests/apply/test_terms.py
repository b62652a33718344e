"""Nobody is ended whom the user has not named, and settings say what the user set."""

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.apply.terms import Terms, may_be_ended, session_settings
from gatekeeper.model.blocker import Blocker

BLOCKERS = st.builds(
    Blocker,
    st.just("3/7"),
    st.none() | st.integers(1, 9),
    st.just("public.orders"),
    st.just("ACCESS SHARE"),
    st.floats(0, 100),
    role=st.sampled_from(["reporting", "app"]),
    state=st.sampled_from(["active", "idle in transaction", "idle in transaction (aborted)", "prepared", ""]),
    idle=st.floats(0, 100),
)


@given(st.lists(BLOCKERS), st.dictionaries(st.sampled_from(["reporting", "other"]), st.floats(0, 100)))
def test_only_idle_transactions_of_named_roles_may_be_ended(blockers: list[Blocker], cancel: dict[str, float]) -> None:
    for blocker in may_be_ended(blockers, Terms(cancel=cancel)):
        assert blocker.pid is not None
        assert blocker.state.startswith("idle in transaction")
        assert blocker.idle >= cancel[blocker.role]


def test_nobody_may_be_ended_where_nobody_is_named() -> None:
    idle = Blocker("3/7", 5, "public.orders", "ACCESS SHARE", 60, role="app", state="idle in transaction", idle=60)

    assert may_be_ended([idle], Terms()) == ()
    assert may_be_ended([idle], Terms(cancel={"app": 30})) == (idle,)


def test_a_limit_for_statements_is_set_and_a_role_s_own_is_lifted() -> None:
    assert session_settings(Terms(statement_timeout=1.5), 180000)["statement_timeout"] == "1500ms"
    assert session_settings(Terms(), 180000)["statement_timeout"] == "0ms"
    assert "idle_session_timeout" not in session_settings(Terms(), 130000)
    assert "transaction_timeout" not in session_settings(Terms(), 160000)
