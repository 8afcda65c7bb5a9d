"""The version of ptelist, which outputs carry."""

__version__ = "0.2.0"
