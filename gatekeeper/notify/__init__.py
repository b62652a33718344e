"""Tells people about releases. Filled by a later version."""
