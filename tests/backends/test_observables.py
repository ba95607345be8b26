"""Observables and states that leave a run, in every backend: against QuTiP, closed forms and one another."""

import math

import numpy as np
import pytest
import qutip

import athermal as at

OSCILLATORS = at.Machine(
    [at.Oscillator("a", 1.0), at.Oscillator("b", 1.3)],
    [at.parts.CoupledBath("bath", 0.1, [[1.2, 0.0], [0.0, 0.9]])],
    [at.Exchange(("a", "b"), 0.2), at.Position(("b", "bath"), 0.1, site=0)],
    2.0,
)
MOVED = at.Displaced("a", x=0.3, p=0.1, start=at.ProductThermal({"a": 0.2, "b": 0.1}))
GAUSSIAN = {
    "n": "a.num",
    "x": "a.position",
    "p": ("b", "momentum"),
    "xx": "a.position*b.position",
    "nn": "a.num*b.num",
    "nx": at.Observable(("b", "bath"), ("num", "position"), site=0),
    "N": "bath.num",
    "xx_bath": "bath.position_squared@0",
    "x2": "b.position_squared",
    "form": ("a", [[1.0, 0.3], [0.3, 0.5]]),
}
DRUDE = at.densities.Ohmic(friction=0.1, cutoff=4.0, cutoff_shape="drude")


def qubit_in_continuum(temperature=0.5, period=10.0):
    bath = at.ContinuumBath("bath", temperature, DRUDE)
    return at.Machine([at.Qubit("q", 1.0)], [bath], [at.OperatorCoupling(("q", "bath"), ("sigmax", "position"))], period)


@pytest.fixture(scope="module")
def exact():
    return at.run(OSCILLATORS, 2, MOVED, observables=GAUSSIAN, keep_states=[("a", "b"), "bath"])


@pytest.mark.parametrize("backend", [at.Star(), at.DensityMatrix(levels=6)], ids=str)
def test_observables_agree_across_backends(exact, backend):
    ledger = at.run(OSCILLATORS, 2, MOVED, observables=GAUSSIAN, backend=backend)
    accuracy = 1e-12 if isinstance(backend, at.Star) else 2e-3  # the cut; populations of the highest level are 1e-4
    np.testing.assert_allclose(ledger.instants.observables, exact.instants.observables, rtol=0.0, atol=accuracy)


def test_gaussian_observables_follow_from_the_kept_moments(exact):
    mean, covariance = (exact.states["a", "b"][name].values for name in ("mean", "covariance"))
    assert exact.states["a", "b"].quadrature.values.tolist() == ["x[a]", "p[a]", "x[b]", "p[b]"]
    second = covariance + mean[:, :, None] * mean[:, None, :]
    seen = exact.instants.observables
    np.testing.assert_allclose(seen.sel(observable="n"), 0.5 * (second[:, 0, 0] + second[:, 1, 1] - 1.0), atol=1e-13)
    np.testing.assert_allclose(seen.sel(observable="xx"), second[:, 0, 2], atol=1e-13)
    np.testing.assert_allclose(seen.sel(observable="p"), mean[:, 3], atol=1e-13)
    n_modes = np.trace(exact.states["bath"].covariance.values, axis1=1, axis2=2)
    means = np.sum(exact.states["bath"]["mean"].values ** 2, axis=1)
    np.testing.assert_allclose(seen.sel(observable="N"), 0.5 * (n_modes + means) - 0.5, atol=1e-13)
    np.testing.assert_array_equal(exact.n, seen.sel(observable="n")[1:])
    np.testing.assert_allclose(exact.cycles.observables_change.sum("cycle"), seen[-1] - seen[0], atol=1e-13)


def test_a_thermal_number_is_planck(exact):
    # a site of H = (A x^2 + B p^2)/2 at T has <x^2> = sqrt(B/A) coth(sqrt(A B)/2T)/2
    expected = 0.5 * math.sqrt(0.9 / 1.2) / math.tanh(math.sqrt(1.2 * 0.9) / 0.2)
    assert exact.instants.observables.sel(observable="xx_bath")[0] == pytest.approx(expected, rel=1e-12)
    free = at.Machine([at.Oscillator("a", 1.0)], [at.Bath("b", 0.7, [1.5, 0.5])], [], 1.0)
    ledger = at.run(free, 1, observables={"N": "b.num", "n": "b.num@1"}, backend=at.Star())
    planck = [1.0 / math.expm1(w / 0.7) for w in (1.5, 0.5)]
    assert ledger.instants.observables[0].values == pytest.approx([sum(planck), planck[1]], rel=1e-12)


def finite_machine():
    field = 0.4 * qutip.tensor(qutip.sigmax(), qutip.qeye(2)) + 0.7 * qutip.tensor(qutip.sigmaz(), qutip.sigmaz())
    touch = qutip.tensor(qutip.sigmax(), qutip.qeye(2))
    couplings = [
        at.OperatorCoupling(("q", "bath"), ("sigmax", touch), 0.3),
        at.Exchange(("q", "c"), at.drives.Harmonic(0.3, frequency=1.0)),
    ]
    return at.Machine(
        [at.Qubit("q", 1.0), at.TruncatedOscillator("c", 1.2, 3)], [at.FiniteBath("bath", 0.8, field)], couplings, 2.0 * math.pi
    )


@pytest.mark.filterwarnings("ignore::athermal.errors.TruncationWarning")
def test_finite_observables_are_those_of_qutip():
    """Reservoirs are kept in their energy basis inside; what leaves is in the basis of the user."""
    random = np.random.default_rng(3)
    whole = qutip.rand_herm([2, 2, 2], seed=5)
    on_bath = random.standard_normal((4, 4))
    on_bath = on_bath + on_bath.T
    asked = {
        "joint": at.Observable(("q", "bath"), (qutip.Qobj(whole.full()),)),
        "product": (("bath", "c"), (on_bath, "num")),
        "system": qutip.tensor(qutip.sigmay(), qutip.position(3)),
        "level": "c.|2><2|",
    }
    groups = [("q", "c", "bath"), "q"]
    machine = finite_machine()
    ledger = at.run(machine, 2, samples_per_cycle=2, observables=asked, keep_states=groups)
    start = ledger.state(("bath",), instant=0)
    gibbs = (-qutip.Qobj(machine.reservoirs[0].hamiltonian.matrix.toarray()) / 0.8).expm()
    np.testing.assert_allclose(start.full(), (gibbs / gibbs.tr()).full(), atol=1e-12)
    for instant in range(5):
        seen = dict(zip(asked, ledger.instants.observables.values[instant], strict=True))
        q_bath = ledger.state(("q", "bath"), instant=instant)
        assert seen["joint"] == pytest.approx(qutip.expect(qutip.Qobj(whole.full(), dims=q_bath.dims), q_bath), abs=1e-12)
        bath_c = ledger.state(("bath", "c"), instant=instant)
        assert seen["product"] == pytest.approx(qutip.expect(qutip.tensor(qutip.Qobj(on_bath), qutip.num(3)), bath_c), abs=1e-12)
        system = ledger.state(("q", "c"), instant=instant)
        assert seen["system"] == pytest.approx(qutip.expect(asked["system"], system), abs=1e-12)
        assert seen["level"] == pytest.approx(system.ptrace(1).full()[2, 2].real, abs=1e-12)
        assert ledger.state("q", instant=instant) == system.ptrace(0)
    exactly = at.run(
        machine, 2, samples_per_cycle=2, observables=asked, keep_states=groups, backend=at.StateVectors(max_columns=24)
    )
    np.testing.assert_allclose(exactly.instants.observables, ledger.instants.observables, atol=1e-12)
    np.testing.assert_allclose(exactly.states["q", "bath"], ledger.states["q", "bath"], atol=1e-12)
    sampled = at.run(machine, 2, observables=asked, backend=at.StateVectors(samples=40, max_columns=1, seed=1))
    error = sampled.errors.observables
    assert np.all(error > 0.0)
    gap = np.abs(sampled.observables.values - ledger.observables.values)
    assert np.all(gap < 5.0 * error.values)  # standard errors


@pytest.mark.parametrize("backend", [at.Lindblad(), at.BlochRedfield(), at.FloquetMarkov()], ids=lambda b: type(b).__name__)
def test_a_qubit_in_a_bath_becomes_thermal(backend):
    """<sigma_z> = -tanh(w/2T) after many relaxation times, whose rate is 2 J(w) coth(w/2T)."""
    excited = at.GivenState([1.0, 0.0], parts=("q",))
    ledger = at.run(qubit_in_continuum(), 10, excited, observables={"z": "q.sigmaz"}, keep_states=True, backend=backend)
    assert ledger.instants.observables[0, 0] == pytest.approx(1.0)
    assert ledger.z[-1] == pytest.approx(-math.tanh(1.0), abs=1e-5)  # e^{-rate x 100}; the integrator's
    np.testing.assert_allclose(
        [qutip.expect(qutip.sigmaz(), ledger.state("q", cycle=n)) for n in range(1, 11)], ledger.z, rtol=0.0, atol=1e-12
    )


def test_a_hierarchy_tells_them_with_the_errors_of_its_cut_offs():
    """Of pure dephasing <sigma_z> stays as it is."""
    coupling = at.OperatorCoupling(("q", "bath"), ("sigmaz", "position"))
    machine = at.Machine([at.Qubit("q", 1.0)], [at.ContinuumBath("bath", 0.5, DRUDE)], [coupling], 1.0)
    plus = at.GivenState([[0.3, 0.4], [0.4, 0.7]], parts=("q",))
    asked = {"z": "q.sigmaz", "x": "q.sigmax"}
    ledger = at.run(machine, 1, plus, observables=asked, keep_states=True, backend=at.HEOM(depth=3))
    assert ledger.z.item() == pytest.approx(-0.4, abs=1e-7)  # the integrator's
    assert ledger.x.item() == pytest.approx(qutip.expect(qutip.sigmax(), ledger.state("q")), abs=1e-12)
    assert 0.0 < ledger.errors.observables.sel(observable="x").item() < 1e-2


def test_certified_runs_have_them_too():
    machine = at.library.two_oscillator(modes="auto")
    ledger = at.run(machine, 1, accuracy=1e-3, observables={"n": "hot.num"}, keep_states=["hot"])
    assert ledger.errors.observables.item() < 1e-3
    assert ledger.states["hot"].covariance.shape == (2, 2, 2)


def test_saved_packed_and_run_again(exact, tmp_path):
    kept = at.run(qubit_in_continuum(), 1, observables={"z": "q.sigmaz"}, keep_states=True, backend=at.Lindblad())
    for ledger in (exact, kept):
        path = ledger.save(tmp_path / "kept.nc")
        for back in (at.load(path), at.Ledger.from_dataset(ledger.to_dataset())):
            assert back.cycles.equals(ledger.cycles)
            assert set(back.states) == set(ledger.states)
            assert all(back.states[key].equals(ledger.states[key]) for key in ledger.states)
        again = at.rerun(path)
        assert again.is_identical
        assert all(again.ledger.states[key].equals(ledger.states[key]) for key in ledger.states)


@pytest.mark.parametrize(
    ("asked", "kept", "backend", "message"),
    [
        ({"n": "cavity.num"}, False, None, "Observable 'n': The machine has no part 'cavity'"),
        ({"n": "num"}, False, None, "must read PART.OPERATOR"),
        ({"n": 3.0}, False, None, "Observable 'n' must be an Observable, text"),
        ({"": "q.sigmaz"}, False, None, "`name` of an observable must be a word"),
        (["q.sigmaz"], False, None, "`observables` must be a mapping of names"),
        ({"n": "q.sigmam"}, False, None, "must be Hermitian"),
        ({"n": ("q", np.eye(3))}, False, None, "must have dimension 2"),
        ({"n": np.eye(3)}, False, None, "must be a matrix of dimension 2"),
        ({"n": "q.sigmaz@1"}, False, None, "`site` of observable 'n' must be left out"),
        ({"n": (("q", "q"), ("sigmaz", "sigmaz"))}, False, None, "must not repeat a part"),
        ({"n": "bath.num"}, False, at.Lindblad(), "is of reservoir 'bath': the states of the baths are not followed"),
        ({}, ["bath"], at.Lindblad(), "A state that is kept of Lindblad.* must be of subsystems"),
        ({}, ["cavity"], None, "The machine has no part 'cavity'"),
        ({}, 3, None, "`keep_states` must be true, false, or a list"),
        ({}, [("q", "q")], None, "`keep_states` must list parts, or groups of different parts"),
    ],
)
def test_what_cannot_be_told_is_refused(asked, kept, backend, message):
    machine = qubit_in_continuum() if backend else at.Machine([at.Qubit("q", 1.0)], [at.SpinBath("bath", 1.0, [1.0])], [], 1.0)
    with pytest.raises(at.errors.MachineError, match=message):
        at.run(machine, 1, observables=asked, keep_states=kept, backend=backend)


def test_states_that_were_not_kept_say_how():
    ledger = at.run(OSCILLATORS, 1, keep_states=["a"])
    with pytest.raises(
        at.errors.StudyError, match="The states of 'b' were not kept by this run; kept: a. Run with keep_states=True"
    ):
        ledger.state("b")
    with pytest.raises(at.errors.StudyError, match=r"`cycle` of a state must be 0 \(the start\) to 1, but is 2"):
        ledger.state("a", cycle=2)
    with pytest.raises(KeyError):
        ledger.states["b"]


def test_too_large_states_are_refused_before_the_run():
    bath = at.Bath("bath", 1.0, np.linspace(0.5, 1.5, 400), np.full(400, 0.01))
    machine = at.Machine([at.Oscillator("a", 1.0)], [bath], [at.Exchange(("a", "bath"))], 1.0)
    with pytest.raises(at.errors.MachineError, match="must take at most 8 GiB, but at 2001 instants would take"):
        at.run(machine, 2000, keep_states=["bath"], backend=at.Star())
