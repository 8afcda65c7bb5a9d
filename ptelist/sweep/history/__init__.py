"""A figure over all kernel versions: where it changed, by how much, and why."""
