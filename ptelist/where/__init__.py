"""Where the bytes are: the total as a tree, the largest parts first."""
