"""The ledger of other people's simulations and experiments: from states and heats, without the machine."""

from athermal.accounting.account import account
from athermal.accounting.data import Measured, Propagation, StandardErrors, States
from athermal.thermodynamics.significance import Significance, above_carnot

__all__ = ["Measured", "Propagation", "Significance", "StandardErrors", "States", "above_carnot", "account"]
