"""Reads migrations, knows what PostgreSQL would lock, scan and rewrite, and says so. Touches nothing."""
