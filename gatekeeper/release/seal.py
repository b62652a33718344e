"""Seals the audit log: a signed head over everything written so far."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatekeeper.audit.checkpoint import signed_head
from gatekeeper.audit.keys import signing_key
from gatekeeper.audit.merkle import leaf_hash, root
from gatekeeper.config.settings import Settings
from gatekeeper.model.audit import Head
from gatekeeper.store.open import Store


def key_of(settings: Settings) -> Ed25519PrivateKey:
    """The key that signs; raises UnusableKey."""
    audit = settings.audit
    return signing_key(audit.key, audit.private_key.get_secret_value() if audit.private_key else None)


def seal(settings: Settings, store: Store) -> Head:
    """Sign the log as it stands, and keep the head; raises UnusableKey."""
    key = key_of(settings)
    hashes = [leaf_hash(entry.canonical()) for entry in store.audit.entries()]
    head = signed_head(settings.audit.name, len(hashes), root(hashes), key)
    store.audit.add_head(head.size, head.text)
    return head
