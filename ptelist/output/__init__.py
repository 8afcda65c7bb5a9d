"""Formats of text that know no feature: pages of tables, numbers, and where they are delivered."""
