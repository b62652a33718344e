"""Staging servers and scratch databases, where migrations are traced and rollbacks proven."""
