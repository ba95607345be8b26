"""The laws of reservoirs that exchange particles, on a level between two leads of free fermions, worked out exactly."""

import dataclasses

import numpy as np
import pytest
import scipy.linalg
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st

import athermal as at
from athermal.thermodynamics import laws
from athermal.thermodynamics.snapshot import Reference, Snapshot

ROUNDING = 1e-11  # of sums of ten numbers of order ten, logarithms of occupations near 0 and 1 included
DOT, LEFT, RIGHT = [0], [1, 2], [3, 4]
LEADS, ALL = (LEFT, RIGHT), [0, 1, 2, 3, 4]


def entropy(correlations, modes):
    """-sum [n ln n + (1 - n) ln(1 - n)] over the eigenvalues n of <c_l^dag c_k>, restricted to some modes."""
    n = np.clip(np.linalg.eigvalsh(correlations[np.ix_(modes, modes)]), 0.0, 1.0)
    return float(np.sum(scipy.special.entr(n) + scipy.special.entr(1.0 - n)))


def mean(form, correlations):
    return float(np.real(np.trace(form @ correlations)))


def block(form, rows, columns):
    """Return a form with all but a block, and its conjugate, set to zero."""
    kept = np.zeros_like(form)
    kept[np.ix_(rows, columns)] = form[np.ix_(rows, columns)]
    kept[np.ix_(columns, rows)] = form[np.ix_(columns, rows)]
    return kept


def snapshot(form, correlations, time):
    energy = mean(block(form, DOT, ALL), correlations)
    return Snapshot(
        np.array(time),
        np.array([energy]),
        np.array([mean(block(form, lead, lead), correlations) for lead in LEADS]),
        np.array([entropy(correlations, DOT)]),
        np.array([entropy(correlations, lead) for lead in LEADS]),
        np.array(entropy(correlations, DOT)),
        np.array(entropy(correlations, LEFT + RIGHT)),
        np.array(entropy(correlations, ALL)),
        {"particles": np.array([float(np.real(np.trace(correlations[np.ix_(lead, lead)]))) for lead in LEADS])},
    )


def hermitian(rng, n):
    matrix = rng.normal(size=(n, n)) + 1j * rng.normal(size=(n, n))
    return matrix + matrix.conj().T


def fermi(form, temperature, potential):
    return scipy.linalg.inv(scipy.linalg.expm((form - potential * np.eye(len(form))) / temperature) + np.eye(len(form)))


def ledger_of(seed, *, is_driven=True, charged=0.0, shift=0.0):
    """Run two strokes a cycle, in which the level and its contacts take other values, for three cycles.

    The start is a product of an occupied level and leads at equilibrium, run for the time `charged` under yet another coupling.
    `shift` moves all energies, and those from which the potentials are counted.
    """
    rng = np.random.default_rng(seed)
    temperatures, potentials = rng.uniform(0.5, 3.0, size=2), rng.uniform(-1.0, 1.0, size=2)
    leads = scipy.linalg.block_diag(np.zeros((1, 1)), hermitian(rng, 2), hermitian(rng, 2))
    strokes = [leads + block(hermitian(rng, 5), DOT, ALL) for _ in range(3)]
    strokes = [stroke + shift * np.eye(5) for stroke in (strokes if is_driven else [strokes[0], strokes[1], strokes[1]])]
    potentials = potentials + shift
    states = [fermi(strokes[0][np.ix_(x, x)], t, mu) for x, t, mu in zip(LEADS, temperatures, potentials, strict=True)]
    correlations = scipy.linalg.block_diag([[rng.uniform(0.0, 1.0)]], *states)
    steps = [scipy.linalg.expm(-1j * form * time) for form, time in zip(strokes, (charged, 0.7, 0.4), strict=True)]
    correlations = steps[0] @ correlations @ steps[0].conj().T
    seen, drive_works = [snapshot(strokes[1], correlations, 0.0)], []
    for k in range(6):
        form, following = strokes[1 + k % 2], strokes[2 - k % 2]
        correlations = steps[1 + k % 2] @ correlations @ steps[1 + k % 2].conj().T
        drive_works.append(mean(following - form, correlations))
        seen.append(snapshot(following, correlations, 1.1 * (k // 2) + (0.7, 1.1)[k % 2]))
    levels = [np.linalg.eigvalsh(strokes[0][np.ix_(lead, lead)]) for lead in LEADS]
    partitions = [np.sum(np.log1p(np.exp(-(e - mu) / t))) for e, t, mu in zip(levels, temperatures, potentials, strict=True)]
    names = ("dot",), ("left", "right")
    reference = Reference(*names, temperatures, np.array(partitions), 1.1, chemical_potentials=potentials)
    snapshots = Snapshot.stack(seen)
    a, b = snapshots.at(slice(None, -1)), snapshots.at(slice(1, None))
    return at.Ledger(snapshots, laws.total_work(np.array(drive_works), a, b, reference), reference, 2), np.array(drive_works)


seeds, few = st.integers(0, 2**32 - 1), settings(deadline=None, max_examples=20)


@few
@given(seeds, st.floats(0.0, 3.0))
def test_the_four_residuals_vanish_with_the_chemical_work_in_w(seed, charged):
    ledger, drive_works = ledger_of(seed, charged=charged)
    assert ledger.violations() == []
    for table in (ledger.cycles, ledger.cumulative, ledger.samples):
        for name in ("first_law", "second_law", "work_split"):
            assert np.max(np.abs(table[f"residual_{name}"])) < ROUNDING, name
        intake = table.heat_intake.values + table.energy_intake.values
        assert np.max(np.abs(table.residual_efficiency.values) * intake) < ROUNDING
        assert np.allclose(table.drive_work + table.chemical_work, table.work, rtol=0.0, atol=ROUNDING)
    assert np.allclose(ledger.drive_work, drive_works.reshape(3, 2).sum(axis=1), rtol=0.0, atol=ROUNDING)


@few
@given(seeds, st.floats(0.0, 3.0))
def test_no_relative_entropy_is_negative(seed, charged):
    ledger, _ = ledger_of(seed, charged=charged)
    for name in ("mutual_information", "reservoir_correlation", "athermality"):
        assert np.min(ledger.instants[name]) > -ROUNDING, name


@few
@given(seeds)
def test_leads_at_equilibrium_start_on_their_reference_state(seed):
    ledger, _ = ledger_of(seed)
    assert np.allclose(ledger.instants.sigma_total[0], 0.0, atol=ROUNDING)
    assert np.min(ledger.cumulative.sigma_total_change) > -ROUNDING


@few
@given(seeds)
def test_heat_is_the_energy_less_what_the_particles_brought(seed):
    ledger, _ = ledger_of(seed)
    s, ref = ledger.snapshots, ledger.reference
    particles = s.extras["particles"][-1] - s.extras["particles"][0]
    expected = s.reservoir_energies[-1] - s.reservoir_energies[0] - ref.chemical_potentials * particles
    assert np.allclose(ledger.cumulative.heat[-1], expected, rtol=0.0, atol=ROUNDING)
    assert np.allclose(ledger.cumulative.particles_change[-1], particles, rtol=0.0, atol=ROUNDING)
    assert np.isclose(ledger.cumulative.chemical_work[-1], -np.sum(ref.chemical_potentials * particles), atol=ROUNDING)


@few
@given(seeds)
def test_without_drives_all_work_is_that_of_the_particles(seed):
    ledger, _ = ledger_of(seed, is_driven=False)
    assert np.max(np.abs(ledger.drive_work)) < ROUNDING
    assert ledger.violations() == []


@few
@given(seeds, st.floats(-5.0, 5.0))
def test_from_where_energies_are_counted_moves_no_heat_and_no_entropy(seed, shift):
    """It moves U of the level by the shift for each particle in it, and the chemical work with it."""
    (one, _), (two, _) = ledger_of(seed), ledger_of(seed, shift=shift)
    for name in ("heat", "sigma_total_change", "athermality", "drive_work"):
        assert np.allclose(one.cycles[name], two.cycles[name], rtol=0.0, atol=10.0 * ROUNDING), name
    gained = -one.particles_change.values.sum(axis=1)
    for name, amount in (("work", two.work - one.work), ("energy_change", (two.energy_change - one.energy_change)[:, 0])):
        assert np.allclose(amount, shift * gained, rtol=0.0, atol=10.0 * ROUNDING), name


def test_a_file_keeps_potentials_and_particles(tmp_path):
    ledger, _ = ledger_of(1)
    for back in (at.load(ledger.save(tmp_path / "dot.nc")), at.Ledger.from_dataset(ledger.to_dataset())):
        assert back.cycles.identical(ledger.cycles)
        assert np.array_equal(back.reference.chemical_potentials, ledger.reference.chemical_potentials)
    assert ledger.cycles.chemical_potential.dims == ("reservoir",)


def test_heat_is_unknown_where_the_particles_of_a_potential_are():
    ledger, _ = ledger_of(1)
    blind = dataclasses.replace(ledger.snapshots, extras={})
    potentials = np.array([0.0, 1.0])
    made = at.Ledger(blind, ledger.works, dataclasses.replace(ledger.reference, chemical_potentials=potentials), 2)
    assert np.isfinite(made.heat[:, 0]).all()
    assert np.isnan(made.heat[:, 1]).all()
    with pytest.raises(AttributeError, match="exchange particles have it"):
        _ = made.particles


def test_machines_without_particles_have_no_such_columns():
    ledger = at.run(at.library.two_oscillator(modes=4), cycles=1)
    assert not {"particles", "particles_change", "drive_work", "chemical_work"} & set(ledger.cycles)
    assert "chemical_potential" not in ledger.cycles.coords
    assert np.array_equal(ledger.reference.chemical_potentials, np.zeros(2))
