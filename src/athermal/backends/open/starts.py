"""Initial states of a backend for continuous baths: those that neither correlate nor change the baths."""

from __future__ import annotations

from athermal.backends.finite.prepare import FinitePreparer
from athermal.machine.initial import CorrelatedMarginals, Gibbs, GivenState, InitialState, ProductThermal
from athermal.machine.layout import Layout
from athermal.machine.tensor_hamiltonian import TensorHamiltonian

# GiB that a start of the subsystems may need.
_MEMORY = 8.0


class OpenPreparer(FinitePreparer):
    """Turns descriptions of initial states into clusters of the subsystems.

    Parameters
    ----------
    machine : Machine
    hamiltonian : TensorHamiltonian
        Of the subsystems alone.
    backend : str
        What error messages call the backend.
    """

    def __init__(self, machine: Layout, hamiltonian: TensorHamiltonian, backend: str) -> None:
        super().__init__(machine, hamiltonian, _MEMORY, backend)

    def why_not(self, layer: InitialState) -> str:
        if reason := super().why_not(layer):
            return reason
        baths = self.machine.reservoir_names
        bath = next((name for name in layer.named_parts if name in baths), None)
        if isinstance(layer, Gibbs) and (layer.parts is None or bath is not None):
            return (
                f"A Gibbs state for {self.backend} must be of subsystems only: it knows no correlations with the baths. Name "
                f"`parts`, for instance {list(self.machine.subsystem_names)}, or use a backend that follows every mode."
            )
        if bath is None:
            return ""
        if isinstance(layer, ProductThermal):
            return (
                f"`temperatures` of a product thermal state must not name reservoir {bath!r}: a continuum of {self.backend} is "
                "at its reference temperature. Change the temperature of the reservoir."
            )
        if isinstance(layer, GivenState):
            return (
                f"`parts` of a given state must be subsystems for {self.backend}, but names reservoir {bath!r}: a continuum has "
                "no density matrix. Leave it out."
            )
        what = "correlate" if isinstance(layer, CorrelatedMarginals) else "change the state of"
        return (
            f"The initial state {type(layer).__name__} must not {what} reservoir {bath!r}: it is a continuum of {self.backend}, "
            "which follows no modes of it and always has it at its reference temperature. Take a backend that follows the modes "
            "of the bath, DensityMatrix(levels=...) or, for oscillators, Dense(), or name subsystems only."
        )
