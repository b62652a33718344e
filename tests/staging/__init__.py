"""Tests of the staging room, on a real server."""
