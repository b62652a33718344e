"""Typed settings: `gatekeeper.toml`, overlaid by environment variables."""
