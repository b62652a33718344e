"""Asks a running site whether it works: health, login and what else a user needs. Usable alone."""
