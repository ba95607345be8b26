"""One run by every definition of work and heat, against dense matrices and closed relations."""

import dataclasses

import numpy as np
import pytest
import scipy.linalg
import xarray as xr

import athermal as at
from athermal.accounting import Measured, Propagation, StandardErrors
from athermal.thermodynamics.definitions import definitions

SX, SZ, ONE = np.array([[0.0, 1.0], [1.0, 0.0]]), np.diag([1.0, -1.0]), np.eye(2)
SYSTEM, SHARED, WHOLE = "system energy", "interaction shared", "bath and interaction"
# first stroke, second stroke
LENGTHS, FREQUENCY = (2.0, 1.0), (1.0, 1.7)
STRENGTHS = {"hot": (0.5, 0.1), "cold": (0.2, 0.7)}
SPINS = {"hot": (1.1, 2.5), "cold": (0.8, 0.4)}  # frequency and temperature


def strongly_coupled():
    return at.Machine(
        [at.Qubit("q", at.drives.Strokes(LENGTHS, FREQUENCY))],
        [at.SpinBath(name, temperature, (w,), (1.0,)) for name, (w, temperature) in SPINS.items()],
        [at.OperatorCoupling(("q", name), ("sigmax", "sigmax"), at.drives.Strokes(LENGTHS, s)) for name, s in STRENGTHS.items()],
        period=sum(LENGTHS),
    )


def three(a, b, c):
    return np.kron(np.kron(a, b), c)


class ByExponentials:
    """The same machine as matrices 8 x 8: one cycle of it from a product of thermal states, by matrix exponentials."""

    def __init__(self):
        self.own = [0.5 * w * three(SZ, ONE, ONE) for w in FREQUENCY]
        self.baths = [0.5 * SPINS["hot"][0] * three(ONE, SZ, ONE), 0.5 * SPINS["cold"][0] * three(ONE, ONE, SZ)]
        contacts = [three(SX, SX, ONE), three(SX, ONE, SX)]
        self.couplings = [[s[k] * v for s, v in zip(STRENGTHS.values(), contacts, strict=True)] for k in (0, 1)]
        weights = [np.diag(np.exp(-0.5 * w / t * np.diag(SZ))) for w, t in ((FREQUENCY[0], SPINS["cold"][1]), *SPINS.values())]
        rho = three(*(w / np.trace(w) for w in weights))
        self.states = [rho]
        for k in (0, 1):
            u = self.propagator(k, LENGTHS[k])
            self.states.append(u @ self.states[-1] @ u.conj().T)

    def propagator(self, k, time):
        return scipy.linalg.expm(-1j * time * (self.own[k] + sum(self.baths) + sum(self.couplings[k])))

    def mean(self, operator, k):
        return np.trace(operator @ self.states[k]).real

    def change(self, first, last):
        """<last> at the end less <first> at the start; the Hamiltonian just after the end is that of the first stroke."""
        return self.mean(last, 2) - self.mean(first, 0)

    def switched(self, operators):
        """The work of the jumps of an operator, given on both strokes, after each."""
        first, second = operators
        return self.mean(second - first, 1) + self.mean(first - second, 2)

    def flow_from_system(self, j):
        """- int i <[V_j, H_S]> dt by Gauss-Legendre in each stroke."""
        nodes, weights = np.polynomial.legendre.leggauss(40)
        total = 0.0
        for k in (0, 1):
            commutator = 1j * (self.couplings[k][j] @ self.own[k] - self.own[k] @ self.couplings[k][j])
            for t, w in zip(0.5 * LENGTHS[k] * (nodes + 1.0), 0.5 * LENGTHS[k] * weights, strict=True):
                u = self.propagator(k, t)
                total -= w * np.trace(commutator @ u @ self.states[k] @ u.conj().T).real
        return total

    def qubit_entropy(self, k):
        p = np.linalg.eigvalsh(np.einsum("iaja->ij", self.states[k].reshape(2, 4, 2, 4)))
        return -np.sum(p * np.log(p))


@pytest.fixture(scope="module")
def strong():
    return at.run(strongly_coupled(), cycles=1)


def test_a_strongly_coupled_machine_from_a_product(strong):
    """Every number of every definition, from the states at the jumps."""
    hand, found = ByExponentials(), at.compare_definitions(strong, share=0.3).cycles.isel(cycle=0)
    near = {"rtol": 0.0, "atol": 1e-12}  # rounding of a few exponentials
    e, v = (np.array([hand.change(x, x) for x in xs]) for xs in (hand.baths, hand.couplings[0]))
    switching = np.array([hand.switched([hand.couplings[k][j] for k in (0, 1)]) for j in (0, 1)])
    system, driven = hand.change(hand.own[0], hand.own[0]), hand.switched(hand.own)
    heats = {"bath energy": e, SHARED: e + 0.3 * v, WHOLE: e + v, SYSTEM: [hand.flow_from_system(j) for j in (0, 1)]}
    energies = {"bath energy": system + v.sum(), SHARED: system + 0.7 * v.sum(), WHOLE: system, SYSTEM: system}
    entropy = hand.qubit_entropy(2) - hand.qubit_entropy(0)
    for name, heat in heats.items():
        row, work = found.sel(definition=name), driven + (0.0 if name == SYSTEM else switching.sum())
        assert np.allclose(row.heat, heat, **near), name
        assert row.work.item() == pytest.approx(work, abs=1e-12), name
        assert row.energy_change.item() == pytest.approx(energies[name], abs=1e-12), name
        produced = entropy + heat[0] / SPINS["hot"][1] + heat[1] / SPINS["cold"][1]
        assert row.entropy_production.item() == pytest.approx(produced, abs=1e-12), name
        intake = -np.minimum(heat, 0.0).sum() - min(energies[name], 0.0)
        assert row.efficiency.item() == pytest.approx(-work / intake if work < 0.0 else np.nan, abs=1e-11, nan_ok=True), name
        assert abs(row.residual_first_law.item()) < 1e-12
    assert np.ptp([heat[0] for heat in heats.values()]) > 0.05  # they do differ
    assert np.allclose(strong.switching_work[0], switching, **near)
    assert np.allclose(strong.interaction_energy_change[0], v, **near)


def test_all_agree_where_the_couplings_are_off_at_both_ends():
    """V_j = 0 there: bath energy is whatever the share; only the work of switching tells the system energy apart."""
    contact = at.drives.Strokes((1.0, 2.0, 1.0), (0.0, 0.6, 0.0), ramps=0.3)
    machine = at.Machine(
        [at.Oscillator("a", 1.0)],
        [at.Bath("b", 1.5, (0.8, 1.0, 1.3), (0.3, 0.3, 0.3))],
        [at.Position(("a", "b"), contact)],
        period=4.0,
    )
    found = at.compare_definitions(at.run(machine, cycles=2))
    own = found.cycles.sel(definition="bath energy")
    for name in (SHARED, WHOLE):
        for column in ("work", "heat", "energy_change", "entropy_production"):
            assert np.allclose(found.cycles[column].sel(definition=name), own[column], rtol=0.0, atol=1e-13)  # rounding
    system = found.cycles.sel(definition=SYSTEM)
    assert np.allclose(system.work, 0.0, rtol=0.0, atol=1e-13)  # all of it was switching
    assert np.allclose((own.heat - system.heat).sum("reservoir"), own.work, rtol=0.0, atol=1e-12)


def test_all_agree_at_weak_coupling():
    """V_j is of second order in the coupling from a product start, as all heats are, but bounded in time, as they are not."""

    def spread(g):
        machine = at.Machine(
            [at.Oscillator("a", 1.0 + 0.2 * at.drives.Harmonic(1.0, 1.0))],
            [at.ContinuumBath("b", 1.5, at.densities.FlatBand(g * g, 0.5, 1.5), modes=40)],
            [at.Exchange(("a", "b"))],
            period=2.0 * np.pi,
        )
        found = at.compare_definitions(at.run(machine, cycles=4)).cumulative.isel(cycle=-1, definition=slice(0, 4))
        return np.ptp(found.heat.values, axis=0)[0]

    assert 0.0 < spread(0.05) < 0.01
    assert spread(0.05) / spread(0.1) == pytest.approx(0.25, rel=0.1)  # the next order is g^4


def test_an_apparent_violation_and_spent_resources():
    machine = at.Machine(
        [at.Qubit("q", 1.0)],
        [at.SpinBath("b", 1.0, (0.8, 1.0, 1.2), (0.4,) * 3)],
        [at.OperatorCoupling(("q", "b"), ("sigmax", "sigmax"), at.drives.Strokes((2.0, 1.0), (1.0, 0.5)))],
        period=3.0,
    )
    found = at.compare_definitions(at.run(machine, cycles=1))
    assert found.cycles.sigma_total_change.item() > 0.0
    assert found.cycles.entropy_production.sel(definition=SYSTEM).item() < 0.0
    assert found.cycles.second_law.values[:, 0].tolist() == ["kept", "kept", "kept", "apparent violation", "unknown", "unknown"]
    assert any(remark.startswith(f"By {SYSTEM} it is negative") for remark in found.remarks)
    told = at.compare_definitions(at.run(at.library.two_oscillator(modes=12), 1, at.Charged(1)))
    assert told.cycles.second_law.sel(definition="bath energy").item() == "resources spent"
    assert "subsystem by subsystem" in told.remarks[-1]


def test_sampled_runs_have_errors():
    backend = at.StateVectors(samples=6, max_columns=1)
    ledger = at.run(strongly_coupled(), cycles=2, backend=backend)
    found = at.compare_definitions(ledger)
    assert found.errors.attrs["kind"] == "standard"
    assert np.allclose(found.errors.heat.sel(definition="bath energy"), ledger.errors.heat, rtol=1e-12)
    moved = ledger.errors.interaction_energy_change.values
    apart = found.errors.heat.sel(definition=WHOLE).values
    assert np.all(np.abs(apart - moved) <= ledger.errors.heat.values + 1e-14)  # the triangle of standard errors
    assert np.all(ledger.errors.switching_work.values > 0.0)
    assert "±" in str(found)


def test_certified_runs_have_the_change_under_refinement():
    ledger = at.run(at.library.two_oscillator(T_hot=2.4, modes="auto"), cycles=1, accuracy=1e-5)
    found = at.compare_definitions(ledger)
    assert found.errors.attrs["kind"] == "refinement"
    assert float(found.errors.heat.isel(definition=slice(0, 4)).max()) < 1e-5
    assert np.all(ledger.errors.interaction_energy.values <= 1e-5)
    assert "±" not in str(found)


def test_saved_ledgers_of_every_age(strong, tmp_path):
    now = at.load(strong.save(tmp_path / "now.nc"))
    assert at.compare_definitions(now).cycles.identical(at.compare_definitions(strong).cycles)
    assert at.Ledger.from_dataset(strong.to_dataset()).switching_work.equals(strong.switching_work)
    bare = dataclasses.replace(strong, snapshots=dataclasses.replace(strong.snapshots, extras={}))
    old = at.load(bare.save(tmp_path / "old.nc"))
    assert "interaction_energy" not in old.cycles
    found = at.compare_definitions(old)
    assert found.names == ("bath energy",)
    assert any("are not in this ledger" in remark for remark in found.remarks)
    assert found.cycles.second_law.values[:, 0].tolist() == ["kept", *["unknown"] * 5]


def test_minimal_dissipation_is_shown_where_a_ledger_holds_it(strong):
    extras = dict(strong.snapshots.extras) | {
        "minimal_dissipation_energy": np.array([0.3, 0.1]),
        "minimal_dissipation_heat": np.array([0.0, 0.5]),
    }
    ledger = dataclasses.replace(strong, snapshots=dataclasses.replace(strong.snapshots, extras=extras))
    assert ledger.minimal_dissipation_heat.item() == 0.5
    assert "minimal_dissipation_heat_change" not in ledger.cycles  # its column is the change
    assert ledger.minimal_dissipation_energy_change.item() == pytest.approx(-0.2)
    found = at.compare_definitions(ledger)
    row = found.cycles.sel(definition="minimal dissipation", cycle=1)
    assert (row.work.item(), row.energy_change.item(), row.total_heat.item()) == pytest.approx((0.3, -0.2, 0.5))
    assert row.second_law.item() == "unknown"
    assert found.names == tuple(definitions(0.5))[:-1]  # no quanta without a master equation
    assert any("all reservoirs together" in remark for remark in found.remarks)


def test_tables_and_files(strong, tmp_path):
    found = at.compare_definitions(strong)
    lines = str(found).splitlines()
    assert lines[0].split()[:3] == ["cycle", "definition", "work"]
    assert "Minimal dissipation is unknown" in str(found)
    assert repr(found).startswith("<DefinitionComparison: 1 cycles by bath energy, ")
    with xr.open_datatree(found.save(tmp_path / "tables.nc"), engine="h5netcdf") as tree:
        assert np.array_equal(tree["cycles"]["heat"].values, found.cycles.heat.values, equal_nan=True)
        assert tree.attrs["share"] == 0.5
    with pytest.raises(at.errors.FileFormatError, match="Choose a folder that exists"):
        found.save(tmp_path / "nowhere" / "tables.nc")


def test_data_of_a_measurement():
    """Of an account only the bath energy is known, with the errors of its bootstrap."""
    measured = Measured(
        [0.0, 1.0],
        heats={"hot": [0.0, -1.0], "cold": [0.0, 0.6]},
        work=[0.0, -0.4],
        energies={"q": 0.0},
        entropies={"q": 0.0},
        errors=StandardErrors(heats={"hot": 0.1, "cold": 0.1}),
    )
    ledger = at.account(measured, {"hot": 2.0, "cold": 1.0}, propagation=Propagation(draws=200))
    found = at.compare_definitions(ledger)
    assert found.names == ("bath energy",)
    # 200 draws: 5 percent of the error, and four times that
    assert np.allclose(found.errors.heat.sel(definition="bath energy"), 0.1, rtol=0.2)


@pytest.mark.parametrize(
    ("temperatures", "propagation"),
    [
        ({"hot": 2.0, "cold": 1.0}, Propagation("linear")),
        ({"hot": 2.0, "cold": 1.0}, Propagation("bootstrap", draws=300)),
        ({"hot": (2.0, 0.2), "cold": (1.0, 0.1)}, Propagation()),
    ],
)
def test_errors_of_measured_numbers_are_those_of_the_ledger(temperatures, propagation):
    """Of one subsystem, bath energy is the ledger's own definition: linear propagation, bootstrap, errors of temperatures."""
    measured = Measured(
        [0.0, 1.0, 2.0],
        heats={"hot": [0.0, -1.0, -1.8], "cold": [0.0, 0.6, 1.0]},
        energies={"q": [0.0, 0.1, 0.0]},
        entropies={"q": [0.3, 0.35, 0.3]},
        errors=StandardErrors(heats={"hot": 0.05, "cold": 0.02}),
    )
    ledger = at.account(measured, temperatures, propagation=propagation)
    found = at.compare_definitions(ledger)
    for own, which in ((ledger.errors, found.errors), (ledger.cumulative_errors, found.cumulative_errors)):
        mine = which.sel(definition="bath energy")
        near = {"rtol": 1e-9, "atol": 1e-12}
        for name in ("work", "efficiency", "heat", "heat_intake", "energy_intake"):
            np.testing.assert_allclose(mine[name], own[name], **near, err_msg=name)
        np.testing.assert_allclose(mine.entropy_production, own.sigma_total_change, **near)
        np.testing.assert_allclose(mine.energy_change, own.energy_change.squeeze("subsystem"), **near)
    assert found.errors.attrs["kind"] == "standard"
    assert "±" in str(found)


def test_linear_errors_decide_what_is_negative():
    """dSigma = -0.02 at an error of 0.02 is no spent resource; at 0.001 it is."""
    verdicts = []
    for error in (0.001, 0.02):
        measured = Measured(
            [0.0, 1.0],
            heats={"hot": [0.0, -1.0], "cold": [0.0, 0.48]},
            energies={"q": 0.0},
            entropies={"q": 0.0},
            errors=StandardErrors(heats={"hot": error, "cold": error}),
        )
        ledger = at.account(measured, {"hot": 2.0, "cold": 1.0}, propagation=Propagation("linear"))
        verdicts.append(at.compare_definitions(ledger).cycles.second_law.sel(definition="bath energy").item())
    assert verdicts == ["resources spent", "kept"]


def test_bad_input(strong):
    with pytest.raises(at.errors.StudyError, match="must be a Ledger"):
        at.compare_definitions("engine.nc")
    with pytest.raises(at.errors.StudyError, match="`share` of a comparison of definitions must be 0 to 1, but is 1.5"):
        at.compare_definitions(strong, share=1.5)
