"""Readers of what others wrote: builds of a kernel, and what a host shows of itself."""
