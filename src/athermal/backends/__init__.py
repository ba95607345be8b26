"""Backends turn a machine and an initial state into snapshots and work. They know nothing of laws or labels."""
