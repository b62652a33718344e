"""Statements in, facts out: what each one locks, scans, rewrites and changes."""
