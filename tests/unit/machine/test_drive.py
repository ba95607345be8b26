import math

import numpy as np
import pytest

import athermal as at
from athermal.machine.drive import Component, as_drive, breakpoints_within, check_period

TAU = 2.0 * np.pi


def at_time(drive, t, side="right"):
    return np.asarray(drive.value(np.array([t]), side))[0]


SMOOTH = {
    "constant": at.drives.Constant(1.3),
    "harmonic": at.drives.Harmonic(0.7, 3.0, 0.4),
    "rotating": at.drives.Rotating(0.7, -2.0, 0.4),
    "sum": at.drives.Constant(1.0) + 0.3 * at.drives.Harmonic(1.0, 1.0) + at.drives.Harmonic(0.1, 4.0),
    "product": at.drives.Harmonic(1.0, 1.0) * at.drives.Harmonic(2.0, 2.0, 1.0) * at.drives.Rotating(1.0, 3.0),
    "quintic": at.drives.Strokes((2.0, 3.0), (1.0, -0.5), ramps=(1.5, 2.0), shape="quintic"),
    "cosine": at.drives.Strokes((2.0, 3.0), (1.0, -0.5), ramps=(1.5, 2.0)),
    "linear": at.drives.Strokes((2.0, 3.0), (1.0, -0.5), ramps=(1.5, 2.0), shape="linear"),
    "function": at.drives.Function(lambda t: math.exp(math.cos(t)), period=TAU),
    "function with slope": at.drives.Function(
        lambda t: math.sin(t) ** 3, TAU, slope=lambda t: 3 * math.sin(t) ** 2 * math.cos(t)
    ),
    "real part": Component(at.drives.Rotating(0.7, 2.0), "real"),
    "imaginary part": Component(at.drives.Constant(1.0) + at.drives.Rotating(0.7, 2.0), "imaginary"),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_derivative_is_the_slope_of_the_value(name):
    """Richardson-extrapolated central differences, at times away from breakpoints."""
    drive, times = SMOOTH[name], np.array([0.3, 0.81, 1.4, 2.3, 3.1, 3.9, 4.6])

    def central(h):
        return (drive.value(times + h) - drive.value(times - h)) / (2.0 * h)

    h = 1e-3
    expected = (4.0 * central(h / 2) - central(h)) / 3.0
    assert np.allclose(drive.derivative(times), expected, rtol=0.0, atol=2e-10)  # h^4 f'''''/480 and 1e-16/h


@pytest.mark.parametrize(
    ("drive", "formula"),
    [
        (at.drives.Constant(1.3), lambda t: 1.3 + 0.0 * t),
        (at.drives.Harmonic(0.7, 3.0, 0.4), lambda t: 0.7 * np.cos(3.0 * t + 0.4)),
        (at.drives.Rotating(0.7, -2.0, 0.4), lambda t: 0.7 * (np.cos(-2 * t + 0.4) + 1j * np.sin(-2 * t + 0.4))),
        (2.0 + at.drives.Harmonic(1.0, 1.0) * 3.0, lambda t: 2.0 + 3.0 * np.cos(t)),
        (at.drives.Sum((1.0, at.drives.Rotating(1.0, 0.0, np.pi / 2))), lambda t: 1.0 + 1j + 0.0 * t),
        (
            at.drives.Product((2.0, at.drives.Harmonic(1.0, 2.0), at.drives.Harmonic(1.0, 2.0))),
            lambda t: 2.0 * np.cos(2 * t) ** 2,
        ),
        (at.drives.Function(lambda t: 1.0 / (2.0 + math.cos(t)), TAU), lambda t: 1.0 / (2.0 + np.cos(t))),
    ],
)
def test_values(drive, formula):
    times = np.linspace(-7.0, 9.0, 41)
    assert np.allclose(drive.value(times), formula(times), rtol=0.0, atol=1e-12)  # rounding; 1e-13 of an interpolant


def test_values_keep_the_shape_of_the_times():
    times = np.linspace(0.1, 4.9, 6).reshape(2, 3)
    for drive in SMOOTH.values():
        for values in (drive.value(times), drive.value(times, "left"), drive.derivative(times)):
            assert np.shape(values) == (2, 3)


def test_ramps_by_formula():
    """From 1 to 3 within 2 units of time, a quarter of the way in time: u = 1/4."""
    for shape, progress in (("linear", 0.25), ("cosine", (1 - math.cos(math.pi / 4)) / 2), ("quintic", 106 / 1024)):
        drive = at.drives.Strokes((4.0, 4.0), (3.0, 1.0), ramps=2.0, shape=shape)
        # 10/64 - 15/256 + 6/1024 = 106/1024
        assert at_time(drive, 0.5) == pytest.approx(1.0 + 2.0 * progress, rel=1e-14)  # rounding
        assert at_time(drive, 4.5) == pytest.approx(3.0 - 2.0 * progress, rel=1e-14)
        assert at_time(drive, 2.0) == 3.0
        assert at_time(drive, 3.9) == 3.0


def test_smooth_ramps_start_and_end_level():
    for shape in ("cosine", "quintic"):
        drive = at.drives.Strokes((2.0, 2.0), (1.0, 0.0), ramps=1.0, shape=shape)
        slopes = np.abs(drive.derivative(np.array([1e-6, 1.0 - 1e-6, 2.0 + 1e-6, 3.0 - 1e-6, 1.5, 3.5])))
        assert np.max(slopes) < 1e-5  # pi^2/2 of 1e-6
    assert np.max(np.abs(drive.derivative(np.array([1e-6, 1.0 - 1e-6])))) < 1e-10  # 30 u^2


# --- jumps ------------------------------------------------------------------------------------------------------------


def test_one_sided_limits_at_jumps_and_at_the_period():
    drive = at.drives.Strokes((1.0, 2.0, 0.5), (0.0, 1.0, 5.0))
    for period in (0, 1, -2, 1000):
        shift = 3.5 * period
        for time, left, right in ((0.0, 5.0, 0.0), (1.0, 0.0, 1.0), (3.0, 1.0, 5.0)):
            assert at_time(drive, shift + time, "left") == left
            assert at_time(drive, shift + time) == right
    assert drive.breakpoints() == (0.0, 1.0, 3.0)


def test_limits_survive_the_rounding_of_times():
    """Cycle ends are computed as k tau / n: an instant is the same within 1e-11 of the period."""
    drive = at.drives.Strokes((0.1, 0.2, 0.3), (1.0, 2.0, 3.0))
    for k in range(200):
        for mark, left, right in ((0.0, 3.0, 1.0), (0.1, 1.0, 2.0), (0.1 + 0.2, 2.0, 3.0)):
            for time in (0.6 * k + mark, (0.1 + 0.2 + 0.3) * k + mark, mark + sum([0.6] * k)):
                assert at_time(drive, time, "left") == left
                assert at_time(drive, time) == right


def test_a_ramp_that_fills_its_stroke_and_one_across_the_period():
    drive = at.drives.Strokes((1.0, 1.0), (0.0, 2.0), ramps=(0.5, 1.0), shape="linear")
    assert drive.breakpoints() == (0.0, 0.5, 1.0)
    assert at_time(drive, 2.0, "left") == 2.0
    assert at_time(drive, 0.0) == 2.0
    assert at_time(drive, 0.25) == 1.0
    assert not drive.is_constant(1.0, 2.0)
    assert not drive.is_constant(0.0, 0.5)
    assert drive.is_constant(0.5, 1.0)


def test_equal_strokes_are_no_breakpoints():
    drive = at.drives.Strokes((1.0, 1.0, 1.0), (2.0, 2.0, 3.0), ramps=0.5)
    assert drive.breakpoints() == (0.0, 0.5, 2.0, 2.5)
    assert at.drives.Strokes((1.0, 1.0), (2.0, 2.0)).breakpoints() == ()
    assert at.drives.Strokes((1.0, 1.0), (2.0, 2.0)).is_always_constant


def test_function_with_jumps():
    """A sawtooth t mod 1 that is 2 higher in the second half."""
    drive = at.drives.Function(lambda t: t + (2.0 if t > 0.5 else 0.0), period=1.0, jumps=(0.5,))
    assert drive.breakpoints() == (0.0, 0.5)
    limits = [at_time(drive, t, side) for t in (0.0, 0.5, 7.0) for side in ("left", "right")]
    assert np.allclose(limits, [3.0, 0.0, 0.5, 2.5, 3.0, 0.0], rtol=0.0, atol=1e-12)  # of the interpolant
    assert np.allclose(drive.derivative(np.array([0.2, 0.7, 3.3])), 1.0, rtol=0.0, atol=1e-11)
    assert not drive.is_constant(0.0, 0.5)


def test_function_constant_on_a_stretch():
    drive = at.drives.Function(lambda t: 2.0 if t < 1.0 else math.cos(t), period=3.0, jumps=(1.0,))
    assert drive.is_constant(0.0, 1.0)
    assert not drive.is_constant(1.0, 3.0)
    assert not drive.is_always_constant
    assert at.drives.Function(lambda t: 0.0, period=1.0).is_always_constant


def test_function_is_called_only_inside_its_period():
    called = []

    def function(t):
        called.append(t)
        return math.sqrt(t) ** 4 + 1.0

    at.drives.Function(function, period=2.0).value(np.linspace(-5.0, 5.0, 11))
    assert min(called) > 0.0
    assert max(called) < 2.0


@pytest.mark.parametrize("center", [0.42, 0.4237, 0.061])
@pytest.mark.parametrize("base", [0.0, 1.0])
def test_a_narrow_pulse_is_seen(center, base):
    """The nodes of a low-degree interpolant all miss it: it must not be taken for a constant."""

    def pulse(t):
        return base + 0.5 * math.exp(-0.5 * ((t - center) / 0.008) ** 2)

    drive = at.drives.Function(pulse, period=1.0)
    times = np.array([center - 0.01, center, center + 0.005])
    assert np.allclose(drive.value(times), [pulse(t) for t in times], rtol=0.0, atol=1e-10)  # 1e-11 checked, times its gaps
    assert not drive.is_always_constant


@pytest.mark.parametrize(
    "function",
    [lambda t: abs(t - 0.4), lambda t: 1.0 if t > 0.3 else 0.0, lambda t: math.exp(-0.5 * ((t - 0.42) / 1e-3) ** 2)],
)
def test_a_function_that_is_not_smooth_is_refused(function):
    with pytest.raises(at.errors.MachineError, match=r"must be smooth between its jump times, but on \(0, 1\).*`jumps`"):
        at.drives.Function(function, period=1.0)


def test_a_wrong_slope_is_refused():
    with pytest.raises(
        at.errors.MachineError, match=r"`slope` of a function drive must be the derivative of `function`, but at t = "
    ):
        at.drives.Function(math.sin, TAU, slope=math.sin)
    with pytest.raises(at.errors.MachineError, match="Leave it out"):
        at.drives.Function(lambda t: 1.0 + math.cos(t), TAU, slope=lambda t: -1.001 * math.sin(t))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: at.drives.Function(3.0, 1.0), "`function` of a function drive must be a Python function of time, but is 3.0"),
        (lambda: at.drives.Function(math.sin, 0.0), "`period` of a function drive must be positive, but is 0.0"),
        (
            lambda: at.drives.Function(math.sin, TAU, jumps=(7.0,)),
            r"`jumps` of a function drive must lie in \[0, 6.28.*but one is 7.0",
        ),
        (lambda: at.drives.Function(lambda t: math.inf, 1.0), "`value` of a function drive at t = .* must be finite, but is inf"),
        (lambda: at.drives.Function(lambda t: None, 1.0), "must be a real number, but is None"),
        (lambda: at.drives.Constant(math.nan), "`constant` of a constant drive must be finite, but is nan"),
        (lambda: at.drives.Constant(True), "must be a real number, but is True"),
        (lambda: at.drives.Harmonic(1.0, 0.0), "`frequency` of a harmonic drive must be positive, but is 0.0. For a constant"),
        (lambda: at.drives.Harmonic(1.0, -1.0), "for -w change the phase"),
        (lambda: at.drives.Rotating(1.0, "1"), "`frequency` of a rotating drive must be a real number, but is '1'"),
        (lambda: at.drives.Strokes((), ()), "`durations` of a drive of strokes must hold at least one stroke, but is empty"),
        (
            lambda: at.drives.Strokes((1.0, 0.0), (1.0, 2.0)),
            r"`durations\[1\]` of a drive of strokes must be positive, but is 0.0",
        ),
        (lambda: at.drives.Strokes((1.0, 1.0), (1.0,)), "`values` of a drive of strokes must hold 2 numbers, but holds 1"),
        (lambda: at.drives.Strokes((1.0, 1.0), (1.0, 2.0), ramps=(0.1,)), "`ramps` of a drive of strokes must hold 2 numbers"),
        (
            lambda: at.drives.Strokes((1.0, 1.0), (1.0, 2.0), ramps=-0.1),
            r"`ramps\[0\]` of a drive of strokes must be zero or positive",
        ),
        (
            lambda: at.drives.Strokes((1.0, 1.0), (1.0, 2.0), ramps=1.5),
            r"`ramps\[0\]`.*must not exceed its stroke's 1.0, but is 1.5",
        ),
        (
            lambda: at.drives.Strokes((1.0,), (1.0,), shape="cosin"),
            "`shape`.*must be one of .*but is 'cosin'. Did you mean 'cosine'",
        ),
        (lambda: at.drives.Sum(()), "`terms` of a sum of drives must hold at least one drive"),
        (lambda: at.drives.Product(()), "`factors` of a product of drives must hold at least one drive"),
        (lambda: at.drives.Constant(1.0) + "x", r"`terms\[1\]` of a sum of drives must be a number or a drive, but is 'x'"),
        (lambda: at.drives.Sum((1.0, None)), r"`terms\[1\]` of a sum of drives must be a number or a drive, but is None"),
    ],
)
def test_bad_drives_are_refused(make, message):
    with pytest.raises(at.errors.MachineError, match=message):
        make()


def test_numpy_scalars_are_numbers():
    drive = at.drives.Strokes((1.0, 1.0), (0.0, 1.0), ramps=np.float32(0.5))
    assert drive.ramps == (0.5, 0.5)
    assert at.drives.Strokes((1.0, 1.0), (0.0, 1.0), ramps=np.int64(1)).ramps == (1.0, 1.0)
    assert as_drive(np.int64(2), "strength", "it") == at.drives.Constant(2.0)


def test_as_drive_refuses_a_phase_where_there_is_none():
    with pytest.raises(
        at.errors.MachineError, match=r"`frequency` of it must be a real drive, but is a rotating one.*`Harmonic`"
    ):
        as_drive(1.0 + at.drives.Rotating(1.0, 1.0), "frequency", "it", real=True)


# --- periods ------------------------------------------------------------------------------------------------------------


def test_breakpoints_of_a_drive_that_repeats_within_the_period():
    drive = 2.0 * at.drives.Strokes((0.5, 0.5), (0.0, 1.0)) + at.drives.Strokes((1.5, 1.5), (0.0, 1.0))
    assert np.allclose(breakpoints_within(drive, 3.0), [0.0, 0.5, 1.0, 1.5, 2.0, 2.5], rtol=1e-15)  # one rounding
    assert breakpoints_within(at.drives.Harmonic(1.0, 1.0), TAU) == ()
    assert breakpoints_within(at.drives.Constant(1.0), 1.0) == ()


@pytest.mark.parametrize(
    "drive",
    [
        at.drives.Harmonic(1.0, 2.0),
        at.drives.Harmonic(1.0, TAU / 6.283185307),
        at.drives.Rotating(1.0, -3.0),
        at.drives.Strokes((np.pi, np.pi), (0.0, 1.0)),
    ],
)
def test_a_drive_that_fits_passes(drive):
    check_period(drive, TAU, "strength", "it")
    check_period(drive * at.drives.Constant(2.0) + 1.0, TAU, "strength", "it")


@pytest.mark.parametrize(
    "drive",
    [
        at.drives.Harmonic(1.0, 1.5),
        at.drives.Rotating(1.0, 0.5),
        at.drives.Harmonic(1.0, 1.0 + 1e-9),
        at.drives.Strokes((1.0, 1.0), (0.0, 1.0)),
        at.drives.Function(math.cos, 2 * TAU),
        1.0 + at.drives.Harmonic(1.0, 1.0) * at.drives.Harmonic(1.0, 1.001),
    ],
)
def test_a_drive_that_does_not_fit_is_refused(drive):
    with pytest.raises(
        at.errors.MachineError, match=r"`strength` of it must repeat a whole number of times in the machine's period 6.28"
    ):
        check_period(drive, TAU, "strength", "it")


def test_a_drive_that_never_changes_fits_any_period():
    for drive in (
        at.drives.Strokes((1.0, 2.0), (0.5, 0.5)),
        at.drives.Harmonic(0.0, 17.0),
        at.drives.Rotating(1.0, 0.0),
        at.drives.Rotating(0.0, 3.3),
    ):
        check_period(drive, TAU, "strength", "it")
        assert drive.is_always_constant
        assert drive.is_constant(0.0, 1.0)


def test_complex_drives_know_it():
    assert at.drives.Rotating(1.0, 1.0).is_complex
    assert (1.0 + at.drives.Rotating(1.0, 1.0)).is_complex
    assert (at.drives.Harmonic(1.0, 1.0) * at.drives.Rotating(1.0, 1.0)).is_complex
    assert not (1.0 + at.drives.Harmonic(1.0, 1.0)).is_complex


def test_differences_and_negatives():
    times = np.linspace(0.0, 6.0, 7)
    wave = at.drives.Harmonic(0.5, 2.0)
    np.testing.assert_array_equal((-wave).value(times), -wave.value(times))
    # a sum of products and a difference round alike
    np.testing.assert_allclose((1.0 - wave).value(times), 1.0 - wave.value(times), atol=1e-15)
    np.testing.assert_allclose((wave - 1.0).derivative(times), wave.derivative(times), atol=1e-15)
    np.testing.assert_allclose((wave - wave).value(times), 0.0, atol=1e-15)


@pytest.mark.parametrize("ramps", [0.0, (0.5, 0.0, 1.0)])
@pytest.mark.parametrize("shape", ["cosine", "quintic", "linear"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_strokes_are_linear_in_their_values(ramps, shape, side):
    strokes = at.drives.Strokes((1.0, 2.0, 1.5), (0.3, -1.0, 2.0), ramps, shape)
    times = np.concatenate([np.linspace(-1.0, 9.0, 101), strokes.breakpoints()])
    weights = strokes.weights(times, side)
    assert weights.shape == (len(times), 3)
    np.testing.assert_allclose(weights @ strokes.values, strokes.value(times, side), rtol=0.0, atol=1e-15)  # rounding
    np.testing.assert_allclose(np.sum(weights, axis=1), 1.0, rtol=0.0, atol=1e-15)


def test_knots_of_strokes_are_there_whether_or_not_the_value_changes():
    strokes = at.drives.Strokes((1.0, 2.0, 1.5), (0.3, 0.3, 2.0), ramps=(0.5, 0.25, 0.0))
    assert strokes.knots == (0.0, 0.5, 1.0, 1.25, 3.0)
    assert strokes.breakpoints() == (0.0, 0.5, 3.0)
    assert at.drives.Strokes((2.0,), (1.0,)).weights(np.array([0.5])).tolist() == [[1.0]]
