"""The append-only log of decisions: its tree, its signed heads, and how it is checked without us."""
