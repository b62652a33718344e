"""The checks: each asks a running site one question. One plug-in a check."""
