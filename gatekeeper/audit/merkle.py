"""The Merkle tree of RFC 6962, section 2.1: one hash over a log, and short proofs about it.

Leaves are given as bytes. Hashes are SHA-256; a leaf's is over a zero byte and the leaf, an inner node's over a one
byte and its two children, so that neither can be taken for the other.
"""

import hashlib
from collections.abc import Sequence

Hash = bytes


def leaf_hash(leaf: bytes) -> Hash:
    """The hash of one entry."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def root(hashes: Sequence[Hash]) -> Hash:
    """The root over leaf hashes; that of an empty log is the hash of nothing."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    middle = _split(len(hashes))
    return _node(root(hashes[:middle]), root(hashes[middle:]))


def inclusion_proof(index: int, hashes: Sequence[Hash]) -> tuple[Hash, ...]:
    """The audit path of the leaf at `index` (section 2.1.1); raises IndexError for one that the log does not have."""
    if not 0 <= index < len(hashes):
        raise IndexError(index)
    if len(hashes) == 1:
        return ()
    middle = _split(len(hashes))
    if index < middle:
        return (*inclusion_proof(index, hashes[:middle]), root(hashes[middle:]))
    return (*inclusion_proof(index - middle, hashes[middle:]), root(hashes[:middle]))


def is_included(leaf: Hash, index: int, size: int, proof: Sequence[Hash], expected: Hash) -> bool:
    """Whether the proof leads from the leaf to the root of a log of that size (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, seen = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node % 2 or node == last:
            seen = _node(sibling, seen)
            while node % 2 == 0 and node:
                node, last = node >> 1, last >> 1
        else:
            seen = _node(seen, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and seen == expected


def consistency_proof(old_size: int, hashes: Sequence[Hash]) -> tuple[Hash, ...]:
    """That the log of `old_size` is the beginning of this one (section 2.1.2); raises IndexError for a longer one."""
    if not 0 < old_size <= len(hashes):
        raise IndexError(old_size)
    return _subproof(old_size, hashes, whole=True)


def is_consistent(old_size: int, size: int, proof: Sequence[Hash], old_root: Hash, new_root: Hash) -> bool:
    """Whether the proof leads to both roots (RFC 9162, section 2.1.4.2)."""
    if not 0 < old_size <= size:
        return False
    if old_size == size:
        return not proof and old_root == new_root
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not path:
        return False
    node, last = old_size - 1, size - 1
    while node % 2:
        node, last = node >> 1, last >> 1
    old_seen = new_seen = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node % 2 or node == last:
            old_seen, new_seen = _node(sibling, old_seen), _node(sibling, new_seen)
            while node % 2 == 0 and node:
                node, last = node >> 1, last >> 1
        else:
            new_seen = _node(new_seen, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old_seen == old_root and new_seen == new_root


def _subproof(old_size: int, hashes: Sequence[Hash], *, whole: bool) -> tuple[Hash, ...]:
    if old_size == len(hashes):
        return () if whole else (root(hashes),)
    middle = _split(len(hashes))
    if old_size <= middle:
        return (*_subproof(old_size, hashes[:middle], whole=whole), root(hashes[middle:]))
    return (*_subproof(old_size - middle, hashes[middle:], whole=False), root(hashes[:middle]))


def _split(size: int) -> int:
    """The largest power of two that is smaller than `size`."""
    return 1 << (size - 1).bit_length() - 1


def _node(left: Hash, right: Hash) -> Hash:
    return hashlib.sha256(b"\x01" + left + right).digest()
