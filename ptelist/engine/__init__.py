"""The accounting: a Scenario goes in, a Ledger of integers comes out.

Nothing here reads a file, prints, or knows pydantic; there is no float.
"""
