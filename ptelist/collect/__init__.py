"""A collector for hosts without Python: a shell script that prints what `ptelist fleet` reads."""
