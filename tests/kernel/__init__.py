"""Real kernels, booted in QEMU and held against what ptelist predicts."""
