"""Speed and memory of athermal: `make bench`."""
