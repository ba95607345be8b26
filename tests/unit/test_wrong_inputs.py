"""Whatever is handed in, wherever: a clear error of ours, or an object that keeps what was given; never another exception."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import pathlib

import numpy as np
import pytest

import athermal as at
from athermal.errors import AthermalError


class Stranger:
    def __repr__(self):
        return "<a stranger>"


WRONG = [
    None, True, 3, -1, 0, 0.0, 1e400, 10**400, 10**5000, float("nan"), "x", "", " ", "\0", b"x", [], (), {}, {1.0, 2.0}, {"a": 1.0},
    Stranger(), lambda: None, np.array([1.0, 2.0]), 1j, [None], [[1.0], [2.0, 3.0]], "1e9", int, [10**400], np.full((2, 2), np.nan),
    1e-300, 1e300, np.array(3.0), [np.array([1.0])], pathlib.Path("x"), range(3), [b"a"], {"a": "b"}, [["a", "b"]],
]  # fmt: skip
DRUDE = at.densities.Ohmic(0.05, 4.0, cutoff_shape="drude")
RIGHT = [
    at.Oscillator("a", 1.0),
    at.Qubit("a", 1.0),
    at.Qudit("a", [0.0, 1.0, 2.0]),
    at.TruncatedOscillator("a", 1.0, 4),
    at.Bath("h", 1.0, (1.0, 2.0), (0.1, 0.1)),
    at.ContinuumBath("h", 1.0, DRUDE, modes=4, low=0.1, high=10.0),
    at.ContinuumBath("h", 1.0, DRUDE),
    at.Ring("r", 1.0, 4, 1.1, 0.2),
    at.Chain("r", 1.0, 4, 1.1, 0.2),
    at.parts.CoupledBath("m", 1.0, np.eye(4).tolist(), (0.1, 0.1)),
    at.SpinBath("s", 1.0, (1.0,), (0.1,)),
    at.TruncatedBath("t", 1.0, (1.0,), (0.1,), 3),
    at.FiniteBath("f", 1.0, [0.0, 1.0]),
    DRUDE,
    at.densities.FlatBand(0.1, 0.5, 2.0),
    at.densities.FunctionDensity(lambda w: w, 0.0, 2.0),
    at.densities.UnderdampedBrownian(0.3, 1.0, 0.1),
    at.densities.TabulatedDensity((0.0, 1.0, 2.0, 3.0), (0.0, 1.0, 1.0, 0.0)),
    at.densities.SumDensity((DRUDE, DRUDE)),
    at.Exchange(("a", "b"), 0.1),
    at.TwoModeSqueezing(("a", "b"), 0.1),
    at.Position(("a", "b"), 0.1),
    at.QuadraticForm(("a", "b"), [[0.1, 0.0], [0.0, 0.1]]),
    at.Displacement("a", 0.1),
    at.OperatorCoupling(("a", "b"), ("sigmax", "sigmax"), 0.1),
    at.Counter("n", [at.OperatorCoupling(("a",), ("sigmaz",))]),
    at.drives.Constant(1.0),
    at.drives.Harmonic(1.0, 1.0),
    at.drives.Rotating(1.0, 1.0),
    at.drives.Strokes((1.0, 1.0), (0.0, 1.0)),
    at.drives.Function(np.cos, 2.0 * np.pi),
    at.drives.Sum((1.0, 2.0)),
    at.drives.Product((1.0, 2.0)),
    at.ProductThermal({"a": 1.0}),
    at.Gibbs(1.0, ("a",)),
    at.Charged(1),
    at.Correlation(("a", "b")),
    at.CorrelatedMarginals([at.Correlation(("a", "b"))]),
    at.Squeezed("a", 0.1),
    at.Displaced("a", 0.1),
    at.GaussianMoments(0.5 * np.eye(4)),
    at.GivenState([[1.0, 0.0], [0.0, 0.0]], ("a",)),
    at.Machine([at.Qubit("a", 1.0)], [at.SpinBath("hot", 1.0, [1.0])], [at.Exchange(("a", "hot"), 0.1)], period=1.0),
    at.Dense(),
    at.Star(),
    at.DensityMatrix(),
    at.StateVectors(),
    at.Lindblad(),
    at.BlochRedfield(),
    at.FloquetMarkov(),
    at.HEOM(),
]
FIELDS = [
    pytest.param(right, field.name, id=f"{type(right).__name__}.{field.name}")
    for right in RIGHT
    for field in dataclasses.fields(right)
    if field.name != "kind"
]


@pytest.mark.parametrize(("right", "name"), FIELDS)
def test_no_field_lets_another_exception_out(right, name):
    for wrong in WRONG:
        try:
            made = dataclasses.replace(right, **{name: wrong})
        except AthermalError as error:
            text = str(error)
            assert len(text) < 900, text[:200]
            assert " must " in text or "no " in text or "not " in text, text
        else:
            repr(made)


ORDER = {
    "a set of frequencies": lambda: at.Bath("h", 1.0, {1.0, 2.0}),
    "a table of frequencies": lambda: at.SpinBath("h", 1.0, {1.0: "a", 2.0: "b"}),
    "a set of durations": lambda: at.drives.Strokes({1.0, 2.0}, (0.0, 1.0)),
    "a set of parts": lambda: at.Exchange({"a", "b"}),
    "a set of names": lambda: at.Gibbs(1.0, {"a", "b"}),
    "a set of energies": lambda: at.Qudit("q", {0.0, 1.0}),
}


@pytest.mark.parametrize("make", ORDER.values(), ids=ORDER.keys())
def test_what_has_no_order_is_no_list(make):
    with pytest.raises(at.errors.MachineError, match="must be|must name|must list"):
        make()


@pytest.mark.parametrize("name", ["", " ", None, 3, 3.0, b"x", ["x"]])
def test_a_machine_has_a_name(name):
    with pytest.raises(at.errors.MachineError, match="`name` of the machine must be a word"):
        at.Machine([at.Qubit("q", 1.0)], [at.SpinBath("b", 1.0, [1.0])], [], period=1.0, name=name)


@pytest.mark.parametrize("on", [("a", "b"), 3, None, ""])
def test_a_force_acts_on_one_part(on):
    with pytest.raises(at.errors.MachineError, match="`on` of a displacement"):
        at.Displacement(on, 0.1)


@pytest.mark.parametrize("make", [lambda: at.Qudit("q", [1.0]), lambda: at.FiniteBath("b", 1.0, [[1.0]])])
def test_a_part_has_two_states(make):
    with pytest.raises(at.errors.MachineError, match="two states at least, but has 1"):
        make()


@pytest.mark.parametrize("tolerance", [1e-30, 1e10, 0.0, -1.0, np.nan])
@pytest.mark.parametrize("make", [lambda t: at.Dense(tolerance=t), lambda t: at.Star(tolerance=t), lambda t: at.Lindblad(tolerance=t),
                                  lambda t: at.FloquetMarkov(tolerance=t), lambda t: at.HEOM(tolerance=t)])  # fmt: skip
def test_tolerances_mean_something(make, tolerance):
    with pytest.raises(at.errors.MachineError, match="tol"):
        make(tolerance)


def raises(_t):
    raise RuntimeError("no gas")


@pytest.mark.parametrize(
    ("function", "what"),
    [
        (lambda t: 1 / 0, "at t = .* the function raised ZeroDivisionError: division by zero"),
        (raises, r"`raises, line \d+ of test_wrong_inputs.py.* the function raised RuntimeError: no gas"),
        (lambda: 1.0, "the function raised TypeError"),
        (lambda t: "high", "`value` of a function drive at t = .* must be a real number, but is 'high'"),
        (lambda t: None, "must be a real number, but is None"),
        (lambda t: np.array([1.0, 2.0]), "must be a real number"),
        (lambda t: np.inf, "must be finite"),
    ],
)
def test_functions_of_the_user_are_named_with_the_time_at_which_they_fail(function, what):
    with pytest.raises(at.errors.MachineError, match=what):
        at.drives.Function(function, period=1.0)


def test_numpys_numbers_are_numbers():
    drive = at.drives.Function(lambda t: np.asarray(np.cos(t)), period=2.0 * np.pi)
    assert drive.value(np.array([0.3]))[0] == pytest.approx(np.cos(0.3), rel=1e-12)


def test_a_drive_divided_by_a_number():
    drive = at.drives.Harmonic(3.0, 1.0) / 2
    assert drive.value(np.array([0.4]))[0] == pytest.approx(1.5 * np.cos(0.4), rel=1e-15)
    assert drive.derivative(np.array([0.4]))[0] == pytest.approx(-1.5 * np.sin(0.4), rel=1e-15)
    for wrong in (0, "x", at.drives.Constant(1.0), np.inf):
        with pytest.raises(at.errors.MachineError, match="`divisor` of a drive"):
            at.drives.Harmonic(1.0, 1.0) / wrong


def test_squeezing_beyond_double_precision_is_refused():
    with pytest.raises(at.errors.MachineError, match="`r` of a squeezed state must lie between -9 and 9, but is 1000"):
        at.Squeezed("hot", 1000.0)


@pytest.mark.parametrize(
    "options", [{"cycles": 10**9}, {"samples_per_cycle": 10**9}, {"cycles": 10**5, "samples_per_cycle": 10**5}]
)
@pytest.mark.parametrize("call", [at.run, lambda m, **o: at.compare_backends(m, [at.DensityMatrix()], **o)])
def test_runs_that_nobody_can_mean_say_what_they_would_take(call, options):
    machine = at.Machine([at.Qubit("q", 1.0)], [at.SpinBath("b", 1.0, [1.0])], [], period=1.0)
    with pytest.raises(at.errors.MachineError, match=r"must be at most .* GB of memory, and the run .* hours at the least"):
        call(machine, **options)


@pytest.mark.parametrize("path", [3, None, b"x", ["x"], "", "\0", 1.5, object()])
@pytest.mark.parametrize("call", [at.load, at.read_machine_file])
def test_paths_are_paths(call, path):
    with pytest.raises(at.errors.FileFormatError, match="`path` of a file must (be a path|name a file)"):
        call(path)


def test_one_rule_for_what_auto_means():
    """None, "auto" and Auto() run one machine alike."""
    from athermal.backends.choice import Auto  # noqa: PLC0415

    machine = at.Machine(
        [at.Qubit("q", 1.0)],
        [at.ContinuumBath("bath", 0.5, DRUDE)],
        [at.OperatorCoupling(("q", "bath"), ("sigmax", "position"), at.drives.Harmonic(1.0, 3.0))],
        period=2.0 * np.pi / 3.0,
    )
    works = [float(at.run(machine, backend=backend).work[0]) for backend in (None, "auto", Auto())]
    assert works[0] != 0.0
    assert works == [works[0]] * 3


def test_equal_operators_have_one_hash():
    import scipy.sparse  # noqa: PLC0415

    from athermal.machine.operator import MatrixOperator  # noqa: PLC0415

    matrix = np.array([[0.0, 1.0, 2.0], [3.0, 0.0, -1.0], [0.0, 0.5, 0.0]])
    rows, columns = np.nonzero(matrix)
    shuffled = np.array([4, 1, 0, 3, 2])
    sparse = scipy.sparse.coo_array((matrix[rows, columns][shuffled], (rows[shuffled], columns[shuffled])), shape=(3, 3))
    wide = scipy.sparse.csr_array(matrix)
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    ways = [matrix, matrix.astype(complex), sparse, wide, np.where(matrix == 0.0, -0.0, matrix), matrix - 0.0j]
    operators = [MatrixOperator(way) for way in ways]
    assert all(one == operators[0] for one in operators)
    assert {hash(one) for one in operators} == {hash(operators[0])}


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_swept_values_are_numbers(wrong):
    for over in ({"T_hot": [1.5, wrong]}, {"modes": [3], "T_hot": np.array([wrong])}, [{"T_hot": wrong}]):
        with pytest.raises(at.errors.StudyError, match="The values of 'T_hot' must be finite, but one is"):
            at.sweep("two_oscillator", over=over, cycles=1)


MACHINES = [
    (name, parameter)
    for name in sorted(at.library.__all__)
    for parameter in inspect.signature(getattr(at.library, name)).parameters
]
MANY = [
    None,
    True,
    -1,
    1e400,
    10**400,
    float("nan"),
    "x",
    "",
    b"x",
    [],
    {},
    {1.0, 2.0},
    Stranger(),
    np.array([1.0, 2.0]),
    1j,
    [None],
]


@pytest.mark.parametrize(("name", "parameter"), MACHINES)
def test_machines_of_the_library_let_no_other_exception_out(name, parameter):
    for wrong in MANY:
        with contextlib.suppress(AthermalError):
            getattr(at.library, name)(**{parameter: wrong})
