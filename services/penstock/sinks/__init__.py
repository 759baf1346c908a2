"""Canonical records -> targets: lanes, the effect protocol, dependencies, budgets, outages."""
