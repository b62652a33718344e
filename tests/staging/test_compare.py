"""Comparing catalogs, as properties."""

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.model.proof import DifferenceClass
from gatekeeper.staging.catalog import Catalog, Entry
from gatekeeper.staging.compare import compare

_WORDS = st.sampled_from(["a", "b", "c"])


def _entry(kind: str, name: str, definition: str, owner: str | None) -> Entry:
    """Objects belong to one another without circles; an attribute may bear the name of its object."""
    return Entry(kind, name, definition, owner if owner is not None and owner <= name else None)


_KINDS = st.sampled_from(["table", "column", "row level security"])
_ENTRIES = st.lists(st.builds(_entry, _KINDS, _WORDS, _WORDS, st.none() | _WORDS), max_size=8)
CATALOGS = st.builds(lambda entries: Catalog({(e.kind, e.name): e for e in entries}, {}), _ENTRIES)


@given(CATALOGS)
def test_a_catalog_equals_itself(catalog: Catalog) -> None:
    assert compare(catalog, catalog) == ()


@given(CATALOGS, CATALOGS)
def test_what_one_direction_calls_lost_the_other_calls_left_over(one: Catalog, other: Catalog) -> None:
    lost = {(d.kind, d.name) for d in compare(one, other) if d.difference is DifferenceClass.LOST}
    left = {(d.kind, d.name) for d in compare(other, one) if d.difference is DifferenceClass.LEFT_OVER}

    assert lost == left


@given(CATALOGS, CATALOGS)
def test_catalogs_that_differ_are_never_called_equal(one: Catalog, other: Catalog) -> None:
    definitions = [{key: entry.definition for key, entry in catalog.entries.items()} for catalog in (one, other)]

    assert bool(compare(one, other)) == (definitions[0] != definitions[1])
