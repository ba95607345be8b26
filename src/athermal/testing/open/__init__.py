"""Machines of finite subsystems between continuous baths."""
