"""The tree is that of RFC 6962: Certificate Transparency's own vectors, and every proof proves what it says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.audit.merkle import (
    consistency_proof,
    inclusion_proof,
    is_consistent,
    is_included,
    leaf_hash,
    root,
)

# The reference log of Certificate Transparency's test suites: leaves, and the root after each of them.
LEAVES = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
LEAVES.append(bytes(range(0x60, 0x70)))
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
SIZES = st.integers(1, 40)


def hashes(size: int) -> list[bytes]:
    return [leaf_hash(str(number).encode()) for number in range(size)]


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_are_those_of_the_reference_log(size: int) -> None:
    assert root([leaf_hash(leaf) for leaf in LEAVES[:size]]).hex() == ROOTS[size - 1]


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(SIZES, st.data())
def test_a_leaf_is_proven_at_its_place_and_at_no_other(size: int, data: st.DataObject) -> None:
    log = hashes(size)
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, log)

    assert is_included(log[index], index, size, proof, root(log))
    other = data.draw(st.integers(0, size - 1).filter(lambda number: number != index) if size > 1 else st.none())
    if other is not None:
        assert not is_included(log[other], index, size, proof, root(log))
        assert not is_included(log[index], other, size, proof, root(log))
    assert not is_included(log[index], index, size, (*proof, log[0]), root(log))
    assert not is_included(log[index], index, size, proof, bytes(32))


@given(SIZES, st.data())
def test_a_log_is_proven_to_be_the_beginning_of_a_longer_one(size: int, data: st.DataObject) -> None:
    log = hashes(size)
    old = data.draw(st.integers(1, size))
    proof = consistency_proof(old, log)

    assert is_consistent(old, size, proof, root(log[:old]), root(log))
    assert not is_consistent(old, size, proof, bytes(32), root(log))
    assert not is_consistent(old, size, proof, root(log[:old]), bytes(32))
    if old < size:
        changed = [leaf_hash(b"another"), *log[1:]]
        assert not is_consistent(old, size, proof, root(changed[:old]), root(log))


@pytest.mark.parametrize(("old", "size"), [(0, 3), (4, 3)])
def test_there_is_no_proof_for_what_is_no_beginning(old: int, size: int) -> None:
    with pytest.raises(IndexError):
        consistency_proof(old, hashes(size))
    assert not is_consistent(old, size, (), bytes(32), bytes(32))
