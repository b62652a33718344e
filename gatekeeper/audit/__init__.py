"""The append-only log of decisions. Filled by a later version."""
