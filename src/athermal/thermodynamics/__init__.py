"""Snapshots, the generalized first and second laws, and the ledger."""
