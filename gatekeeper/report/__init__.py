"""Timelines and summaries of releases, for people."""
