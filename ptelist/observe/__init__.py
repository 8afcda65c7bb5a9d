"""What a host shows beside what ptelist says of it."""
