"""The terms of a machine of finite parts: what each part and each coupling gives to its Hamiltonian."""

from __future__ import annotations

from typing import Any

import scipy.sparse

from athermal.errors import MachineError
from athermal.machine.coupling import Coupling, Exchange, OperatorCoupling, Position, TwoModeSqueezing
from athermal.machine.drive import Component, Constant, Product
from athermal.machine.layout import Layout
from athermal.machine.operator import asymmetry
from athermal.machine.parts import FiniteReservoir, FiniteSubsystem, HarmonicReservoir
from athermal.machine.tensor_hamiltonian import TensorHamiltonian, TensorTerm

_HERMITIAN = 1e-12


def assemble(machine: Layout) -> TensorHamiltonian:
    """Return the Hamiltonian of a machine of finite parts."""
    terms = own_terms(machine)
    for coupling in machine.couplings:
        terms.extend(coupling_terms(machine, coupling))
    counters = {counter.name: [t for c in counter.terms for t in coupling_terms(machine, c)] for counter in machine.counters}
    finite = [part for part in machine.parts if isinstance(part, (FiniteSubsystem, FiniteReservoir))]
    return TensorHamiltonian(
        {part.name: part.dimension for part in finite if isinstance(part, FiniteSubsystem)},
        {part.name: part.energies for part in finite if isinstance(part, FiniteReservoir)},
        terms,
        counters,
        machine.period,
        {part.name: part.truncated_modes for part in finite if part.truncated_modes},
        side=machine.side,
    )


def own_terms(machine: Layout) -> list[TensorTerm]:
    """Return the H_i of the finite subsystems, as their parts give them."""
    finite = [part for part in machine.subsystems if isinstance(part, FiniteSubsystem)]
    return [TensorTerm((part.name,), drive, local, (1.0,)) for part in finite for drive, local in part.terms()]


def coupling_terms(machine: Layout, coupling: Coupling) -> tuple[TensorTerm, ...]:
    """Return the terms of a coupling between finite parts."""
    parts = coupling.between
    reservoirs = set(machine.reservoir_names)
    share: tuple[float, ...] = coupling.share if len(parts) == 2 else (1.0,)
    if reservoirs & set(parts):
        share = tuple(0.0 if name in reservoirs else 1.0 for name in parts)
    names, plus_conjugate = operators_of(machine, coupling)
    matrices = [_operator(machine, name, operator, coupling) for name, operator in zip(parts, names, strict=True)]
    product = matrices[0] if len(matrices) == 1 else scipy.sparse.kron(*matrices, format="csr")
    if not plus_conjugate:
        terms = [TensorTerm(parts, coupling.drive, product, share)]
    else:  # s X + h.c. = Re s (X + X^dag) + Im s i (X - X^dag)
        adjoint = product.conj().T.tocsr()
        drive = coupling.drive
        real = Component(drive, "real") if drive.is_complex else drive
        terms = [TensorTerm(parts, real, product + adjoint, share)]
        if drive.is_complex:
            terms.append(TensorTerm(parts, Component(drive, "imaginary"), 1j * (product - adjoint), share))
    if isinstance(coupling, Position):
        terms.extend(_counter_term(machine, coupling))
    return tuple(terms)


def operators_of(machine: Layout, coupling: Coupling) -> tuple[tuple[Any, ...], bool]:
    """Return the operator of each part in a coupling, and whether its Hermitian conjugate is added."""
    if isinstance(coupling, OperatorCoupling):
        return coupling.operators, coupling.plus_conjugate
    if isinstance(coupling, Position):
        return ("position", "position"), False
    if not isinstance(coupling, (Exchange, TwoModeSqueezing)):
        raise MachineError(
            f"{coupling.owner} must be between oscillators treated as Gaussian, but its parts are finite. Write it as an "
            "OperatorCoupling."
        )
    if coupling.amplitude_frequency is not None:
        raise MachineError(
            f"`amplitude_frequency` of {coupling.owner} must be left out: finite parts have one lowering operator. Write the "
            "coupling as an OperatorCoupling."
        )
    lowering = [getattr(machine.part(name), "lowering", "destroy") for name in coupling.between]  # a continuum has oscillators
    for name, operator in zip(coupling.between, lowering, strict=True):
        if operator is None:
            raise MachineError(
                f"{coupling.owner} must be between parts with a lowering operator, but {name!r} has none. Write it as an "
                "OperatorCoupling with operators of your own."
            )
    raised = {"sigmam": "sigmap", "destroy": "create"}
    second = raised[str(lowering[1])] if isinstance(coupling, Exchange) else str(lowering[1])
    return (str(lowering[0]), second), True


def _operator(machine: Layout, name: str, operator: Any, coupling: Any) -> Any:
    part = machine.part(name)
    if isinstance(part, FiniteReservoir):
        if operator == "identity":  # once, not once for each site
            return scipy.sparse.eye_array(part.dimension, format="csr")
        return part.operator(operator, coupling.site, coupling.weights, coupling.owner)
    return part.operator(operator)  # type: ignore[union-attr]


def _counter_term(machine: Layout, coupling: Position) -> list[TensorTerm]:
    """Return s^2 x^2 sum_k g_k^2/(2 w_k) of a position coupling to a bath of truncated oscillators."""
    reservoir = next((r for r in machine.reservoirs if r.name in coupling.between), None)
    softness = _softness(machine, coupling)
    if reservoir is None or softness is None:
        return []
    subsystem = next(name for name in coupling.between if name != reservoir.name)
    factors = [
        _operator(machine, name, "position_squared" if name == subsystem else "identity", coupling) for name in coupling.between
    ]
    drive = Product((coupling.drive, coupling.drive, Constant(0.5 * softness)))
    share = tuple(1.0 if name == subsystem else 0.0 for name in coupling.between)
    return [TensorTerm(coupling.between, drive, scipy.sparse.kron(*factors, format="csr"), share)]


def _softness(machine: Layout, coupling: Position) -> float | None:
    """Return sum_k g_k^2/w_k of the counter-term, None if there is none, or raise `MachineError` if it cannot be had."""
    reservoir = next((r for r in machine.reservoirs if r.name in coupling.between), None)
    if not coupling.uses_counter_term(has_reservoir=reservoir is not None):
        return None
    softness = None
    if isinstance(reservoir, HarmonicReservoir):
        return 0.0  # of a continuum: an integral over its spectral density
    if isinstance(reservoir, FiniteReservoir):
        softness = reservoir.softness(coupling.site, coupling.weights, coupling.owner)
    if softness is None:
        raise MachineError(
            f"`counter_term` of {coupling.owner} must be false, unless it is to a bath of truncated oscillators. Add the term "
            "as an OperatorCoupling of the subsystem, if it is wanted."
        )
    return softness


def check_terms(machine: Layout) -> None:
    """Raise `MachineError` if an operator does not fit its part, or a term is not Hermitian; at no cost in the bath's size."""
    for coupling in machine.couplings:
        _check_term(machine, coupling)
        if isinstance(coupling, Position):
            _softness(machine, coupling)
    for counter in machine.counters:
        for term in counter.terms:
            try:
                _check_term(machine, term)
            except MachineError as error:
                raise MachineError(f"Counter {counter.name!r}: {error}") from None


def _check_term(machine: Layout, coupling: Coupling) -> None:
    names, plus_conjugate = operators_of(machine, coupling)
    for name, operator in zip(coupling.between, names, strict=True):
        part = machine.part(name)
        if isinstance(part, HarmonicReservoir):
            _check_contact(coupling, part, operator, plus_conjugate=plus_conjugate)
            continue
        if isinstance(part, FiniteReservoir):
            local = part.local_operator(operator, coupling.site, coupling.weights, coupling.owner)  # type: ignore[attr-defined]
        else:
            local = part.operator(operator)  # type: ignore[union-attr]
        if not plus_conjugate and (defect := asymmetry(local)) > _HERMITIAN:
            what = repr(operator) if isinstance(operator, str) else "the operator"
            raise MachineError(
                f"{coupling.owner} must be Hermitian, but {what} of {name!r} and its adjoint differ by {defect:.3g} of its "
                "largest entry. Set `plus_conjugate = true` to add the Hermitian conjugate of the term."
            )


def _check_contact(coupling: Any, bath: HarmonicReservoir, operator: Any, *, plus_conjugate: bool) -> None:
    """Raise `MachineError` if a coupling of finite subsystems to a continuous bath is not of a kind that a continuum has."""
    if getattr(coupling, "site", None) is not None or getattr(coupling, "weights", None) is not None:
        raise MachineError(
            f"`site` and `weights` of {coupling.owner} must be left out: reservoir {bath.name!r} is a continuum, which couples "
            "as its spectral density says."
        )
    allowed = ("destroy", "create") if plus_conjugate else ("position",)
    if operator not in allowed:
        raise MachineError(
            f"The operator of reservoir {bath.name!r} in {coupling.owner} must be {' or '.join(map(repr, allowed))}"
            f"{' (as `plus_conjugate` is true)' if plus_conjugate else ''}, but is {operator!r}: a continuum couples by "
            "sum_k g_k x_k ('position'), or by sum_k g_k b_k and its adjoint ('destroy', 'create' with `plus_conjugate`)."
        )
    if coupling.drive.is_complex:
        raise MachineError(
            f"`strength` of {coupling.owner} must be real, but turns in the complex plane: that shifts the frequencies of a "
            "continuum. Drive it with a real function, and put the rotation into the subsystems."
        )
