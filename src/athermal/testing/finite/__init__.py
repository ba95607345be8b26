"""Machines of finite parts, computed by hand, and random ones."""
