"""Which parameter moves a figure most."""
