"""Measurements against the budgets: `python -m tests.bench`."""
