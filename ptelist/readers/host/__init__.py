"""A host as it shows itself in /proc and /sys: read live or from a copy, saved, and made settings."""
