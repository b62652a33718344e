"""How Alembic revisions become SQL: their order, the rendering without a database, and where timeouts go."""
