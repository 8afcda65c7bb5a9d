"""Figures against budgets and a baseline, for CI."""
