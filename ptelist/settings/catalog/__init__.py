"""The catalogue of figures: what each of them is, and how they are named."""
