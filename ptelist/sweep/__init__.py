"""One figure along one axis or two, and where it breaks even."""
