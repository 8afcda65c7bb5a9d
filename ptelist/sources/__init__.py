"""Readers of real inputs: one module an input, each ending in settings or counts."""
