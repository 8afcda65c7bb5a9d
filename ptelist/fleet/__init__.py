"""All hosts of an inventory, as they are and under what-ifs."""
