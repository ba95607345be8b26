"""The ledger of other people's simulations and experiments: from states and heats, without the machine."""

from athermal.accounting.account import account

__all__ = ["account"]
