"""What is accounted for: the models of a kernel, a host and its VMs."""
