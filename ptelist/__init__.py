"""ptelist: what KVM's shadow-MMU structures cost in memory, exactly."""

__version__ = "0.1.0"
