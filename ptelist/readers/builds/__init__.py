"""A build of a kernel: the types in its own BTF, read and made a profile."""
