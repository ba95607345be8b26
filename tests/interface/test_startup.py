"""What may not be imported before it is needed, how the package is opened, and what `dir` shows of it."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import athermal as at

# Each takes a tenth of a second to a second to import.
HEAVY = {
    "athermal.engine",
    "athermal.files",
    "distributed",
    "h5netcdf",
    "loky",
    "matplotlib",
    "optuna",
    "pandas",
    "qutip",
    "scipy.integrate",
    "scipy.interpolate",
    "scipy.optimize",
    "scipy.stats",
    "xarray",
}
NUMERICAL = {"numpy", "scipy"}
STUB = Path(at.__file__).with_suffix(".pyi")


def imported_by(code):
    """Return the modules that a fresh interpreter holds after some code, which may leave by SystemExit."""
    script = f"import sys\ntry:\n    {code}\nexcept SystemExit:\n    pass\nsys.stderr.write('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True)
    return set(done.stderr.split()), done.stdout


def test_import_alone_imports_nothing_heavy():
    found, _ = imported_by("import athermal")
    assert not found & (HEAVY | NUMERICAL)
    assert len([name for name in found if name.startswith("athermal.")]) <= 2


@pytest.mark.parametrize(
    "code",
    [
        "at.library.two_oscillator(modes=6)",
        "at.Machine([at.Oscillator('a', 1.0)], [at.Bath('b', 1.0, (1.0,))], [at.Exchange(('a', 'b'))], 2.0)",
    ],
)
def test_a_first_machine_of_oscillators(code):
    found, _ = imported_by(f"import athermal as at; {code}")
    assert not found & HEAVY
    assert "numpy" in found


def test_a_run_needs_no_tables():
    """xarray, pandas and what they bring along wait until a ledger is read."""
    code = "import athermal as at; ledger = at.run(at.library.two_oscillator(modes=6), 2); ledger.violations()"
    found, _ = imported_by(code)
    assert not found & {"xarray", "pandas", "dask", "pyarrow", "qutip", "matplotlib"}
    found, _ = imported_by(f"{code}; ledger.work")
    assert "xarray" in found


@pytest.mark.parametrize("option", ["--version", "--help", "run --help", "sweep --help", "optimise --help"])
def test_version_and_help_of_the_command(option):
    found, printed = imported_by(f"import athermal.cli; sys.argv = ['athermal', *{option.split()!r}]; athermal.cli.main()")
    assert not found & (HEAVY | NUMERICAL | {"rich.progress"})
    assert printed.startswith("athermal " if option == "--version" else "Usage: athermal")


def test_python_dash_m():
    done = subprocess.run([sys.executable, "-m", "athermal", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"athermal {at.__version__}\n"
    assert at.__version__[0].isdigit()


def test_dir_is_complete():
    assert set(dir(at)) >= {*at.__all__, "__version__", "plot", "library", "run", "Machine"}
    assert not {"Any", "Path", "attach"} & set(dir(at))
    assert all(getattr(at, name) is not None for name in at.__all__)


def test_the_stub_says_where_things_come_from():
    """Every name that it imports is public, there, and of that module: or type checkers would see what is not."""
    body = ast.parse(STUB.read_text()).body
    listed = next(ast.literal_eval(node.value) for node in body if isinstance(node, ast.Assign))
    assert listed == at.__all__
    for node in body:
        for alias in node.names if isinstance(node, ast.ImportFrom) else ():
            home = importlib.import_module(node.module)
            assert getattr(at, alias.name) is getattr(home, alias.name)


def test_names_that_are_not_there():
    with pytest.raises(AttributeError, match="module 'athermal' has no attribute 'runn'"):
        at.runn  # noqa: B018
    assert at.thermodynamics.ledger.Ledger is at.Ledger  # a room, by its name
    assert Path(at.__file__).with_name("py.typed").exists()
