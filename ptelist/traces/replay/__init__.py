"""Traces of lists and steps of VMs, under the rules of several kernels at once."""
