"""What a kernel's own types say, and how those of two builds differ."""
