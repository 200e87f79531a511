"""Keeping platforms in step: one runner an account, in the worker. See docs/explanation/sync.md."""
