"""Applies migrations to a target database under guard: it gives way before anyone waits too long."""
