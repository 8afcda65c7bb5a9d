"""The manual: the pages of ptelist/docs, as text, on a terminal, and as man pages."""
