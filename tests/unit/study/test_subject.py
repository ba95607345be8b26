"""What a sweep varies."""

import functools

import pytest

import athermal as at
from athermal.errors import FileFormatError, StudyError
from athermal.study.subject import Document, FunctionOfParameters, as_subject


def engine(T_hot, modes=3, seed=None):
    return at.library.two_oscillator(T_hot=T_hot, modes=modes, coupling=0.1 if seed is None else 0.1 + seed * 1e-12)


def any_engine(**parameters):
    return at.library.two_oscillator(modes=3, **parameters)


def test_library_function_name_and_file_make_the_same_run(tmp_path):
    path = tmp_path / "two_oscillator.toml"
    path.write_text('[machine]\nlibrary = "two_oscillator"\n')
    plans = [
        as_subject(given, cycles=4, initial=at.Charged(2)).plan({"T_hot": 2.5, "modes": 3}, 0)
        for given in (at.library.two_oscillator, "two_oscillator", path, str(path))
    ]
    expected = at.library.two_oscillator(T_hot=2.5, modes=3)
    for plan in plans:
        assert plan.machine.reservoirs == expected.reservoirs
        assert (plan.cycles, plan.initial) == (4, at.Charged(2))


def test_paths_lead_into_machine_start_and_run():
    machine = at.library.two_oscillator(modes=3)
    subject = as_subject(machine, initial=at.Charged(2))
    plan = subject.plan({"machine.reservoirs.hot bath.temperature": 9.0, "initial.cycles": 5, "run.cycles": 7}, 0)
    assert plan.machine.part("hot bath").temperature == 9.0
    assert plan.initial == at.Charged(5)
    assert plan.cycles == 7


def test_function_takes_arguments_and_paths_and_its_seed():
    subject = as_subject(engine, backend=at.Dense(tolerance=1e-10))
    plan = subject.plan({"T_hot": 2.0, "initial": {"kind": "charged", "cycles": 1}, "run.samples_per_cycle": 3}, 17)
    assert plan.machine == engine(2.0, seed=17).__class__(**{**vars_of(engine(2.0, seed=17)), "initial": at.Charged(1)})
    assert (plan.samples_per_cycle, plan.backend) == (3, at.Dense(tolerance=1e-10))
    assert subject.plan({"T_hot": 2.0, "seed": 5}, 17).machine == engine(2.0, seed=5)
    assert as_subject(any_engine).plan({"T_hot": 2.0}, 0).machine == any_engine(T_hot=2.0)
    assert as_subject(functools.partial(engine, modes=4)).plan({"T_hot": 2.0}, 1).machine == engine(2.0, 4, 1)


def vars_of(machine):
    return {name: getattr(machine, name) for name in ("subsystems", "reservoirs", "couplings", "period", "name", "counters")}


def test_functions_are_told_apart_by_text_bound_arguments_and_closure():
    def made(coupling):
        return lambda T_hot: at.library.two_oscillator(T_hot=T_hot, modes=3, coupling=coupling)

    assert as_subject(made(0.1)).describe() == as_subject(made(0.1)).describe()
    assert as_subject(made(0.1)).describe() != as_subject(made(0.2)).describe()
    assert as_subject(engine).describe() != as_subject(any_engine).describe()
    assert as_subject(functools.partial(engine, modes=3)).describe() != as_subject(functools.partial(engine, modes=4)).describe()


def test_name_is_a_word_for_files():
    assert as_subject(functools.partial(engine, modes=3)).name == "engine"
    assert FunctionOfParameters(lambda: None).name == "machine"
    assert Document({}, "motor").name == "motor"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: as_subject(engine).plan({"T_hott": 1.0}, 0), "'engine' has no parameter 'T_hott'. Did you mean 'T_hot'\\?"),
        (lambda: as_subject(engine).plan({"machine.period": 1.0, "T_hot": 2.0}, 0), "has no parameter 'machine.period'"),
        (lambda: as_subject(lambda x: x).plan({"x": 1}, 0), "must return a Machine, but returned 1"),
        (lambda: as_subject(3.0), "must be a machine, a function that returns one"),
        (lambda: as_subject(engine, initial="charged"), "`initial` must be an initial state"),
        (lambda: as_subject(engine, backend="dense"), "`backend` of a sweep must be a backend"),
    ],
)
def test_what_cannot_be_varied_is_refused(call, message):
    with pytest.raises(StudyError, match=message):
        call()


def test_machine_with_a_python_function_is_refused_with_the_remedy():
    drive = at.drives.Function(lambda t: 1.0 + 0 * t, 3.0)
    machine = at.Machine(
        [at.Oscillator("a", drive)], [at.Bath("hot", 2.0, [1.0], [0.1])], [at.Exchange(("a", "hot"))], period=3.0
    )
    with pytest.raises(StudyError, match="Give the function that makes it"):
        as_subject(machine)


def test_missing_file_and_unknown_paths_are_named():
    with pytest.raises(FileFormatError, match="There is no machine file none.toml"):
        as_subject("none.toml")
    with pytest.raises(FileFormatError, match="There is no key 'T_hott' to set. Did you mean 'T_hot'"):
        as_subject("two_oscillator").plan({"T_hott": 1.0}, 0)


def test_functions_without_source_are_told_apart():
    def typed_in(text):
        return eval(text, {"at": at})  # noqa: S307

    one, same, other = (typed_in(f"lambda T_hot: at.library.otto(T_hot=T_hot, modes={n})") for n in (3, 3, 4))
    assert as_subject(one).describe() == as_subject(same).describe()
    assert as_subject(one).describe() != as_subject(other).describe()
