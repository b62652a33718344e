"""What two rules say of one type change agrees: bytes that stay as they are hold what they held."""

from hypothesis import given
from hypothesis import strategies as st

from migrations_lint.engine import lint
from migrations_lint.model import Work
from tests.migrations_lint.scripts import migration

LENGTHS = st.integers(1, 40)
DIGITS = st.integers(0, 6)
PLAIN = st.sampled_from(
    ["smallint", "integer", "bigint", "text", "numeric", "real", "double precision", "date", "varchar"]
)
SIZED = {
    "varchar({})": LENGTHS,
    "char({})": LENGTHS,
    "timestamp({})": DIGITS,
    "timestamptz({})": DIGITS,
    "time({})": DIGITS,
    "numeric({},2)": st.integers(5, 20),
}
TYPES = st.one_of(PLAIN, *(sizes.map(spelling.format) for spelling, sizes in SIZED.items()))
SIBLINGS = st.one_of(
    *(
        st.lists(sizes.map(spelling.format), min_size=2, max_size=2, unique=True).map(tuple)
        for spelling, sizes in SIZED.items()
    )
)


def changed(before: str, after: str) -> tuple[Work, set[str]]:
    """The work on the table, and the rules that find something."""
    history = [
        migration(f"CREATE TABLE orders (id bigint PRIMARY KEY, c {before});", name="1"),
        migration(f"ALTER TABLE orders ALTER COLUMN c TYPE {after};"),
    ]
    report = lint(history, selected=frozenset({history[1].path}))
    (statement,) = report.migrations[0].statements
    (lock,) = statement.locks
    return lock.work, {finding.rule for finding in report.findings}


@given(types=st.one_of(SIBLINGS, st.tuples(TYPES, TYPES)))
def test_a_change_that_keeps_the_bytes_loses_nothing(types: tuple[str, str]) -> None:
    work, found = changed(*types)

    if work is Work.INSTANT:
        assert not found & {"narrower-type-loses-data", "type-change-rewrites-table"}


@given(types=SIBLINGS)
def test_of_two_lengths_only_the_shorter_loses_data(types: tuple[str, str]) -> None:
    _, there = changed(*types)
    _, back = changed(*reversed(types))

    assert ("narrower-type-loses-data" in there) != ("narrower-type-loses-data" in back)


@given(type_name=TYPES)
def test_no_change_breaks_nobody(type_name: str) -> None:
    _, found = changed(type_name, type_name)

    assert not found & {"narrower-type-loses-data", "type-change-breaks-running-code", "type-change-rewrites-table"}
