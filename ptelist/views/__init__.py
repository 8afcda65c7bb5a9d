"""One module a format; none computes a figure."""
