"""What a running guest was seen to do: its trace replayed, its rmap lists as a histogram."""
