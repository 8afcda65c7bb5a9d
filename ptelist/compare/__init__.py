"""Scenarios side by side: compare, show and explain."""
