"""Secrets and personal health information never reach a log or an artifact."""
