"""Where releases, evidence and approvals are kept: SQLite by default, PostgreSQL by URL."""
