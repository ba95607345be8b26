"""Run the fast tests with the oldest and the newest releases that `pyproject.toml` allows: `python tests/bounds.py [3.11 ...]`.

The oldest on the oldest Python that is found, the newest on every one; each in an environment of its own under `.bounds`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PLACE = ROOT / ".bounds"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# Two to three minutes on two cores; every library that is declared is used.
FAST = (
    "tests/unit/machine",
    "tests/unit/library",
    "tests/unit/thermodynamics",
    "tests/unit/study/test_record.py",
    "tests/unit/study/test_sweep.py",
    "tests/unit/comparison/test_definitions.py",
    "tests/unit/optimisation/test_parameter_space_and_objective.py",
    "tests/backends/test_dense.py",
    "tests/backends/open/test_exponents.py",
    "tests/interface/test_startup.py",
    "tests/interface/test_files.py",
    "tests/interface/test_cli.py",
    "tests/interface/test_plot.py",
)


def interpreter(version: str) -> str | None:
    """Return a Python of this version, on the path or among those of pyenv; None if there is none."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [shutil.which(f"python{version}"), *sorted(map(str, versions.glob(f"{version}.*/bin/python")), reverse=True)]
    for candidate in filter(None, [sys.executable, *candidates]):
        question = "import sys; print('{}.{}'.format(*sys.version_info))"
        said = subprocess.run([candidate, "-c", question], capture_output=True, text=True, check=False)
        if said.stdout.strip() == version:
            return candidate
    return None


def environment(name: str, python: str, resolution: str) -> Path:
    """Return the Python of an environment with the package and what it needs, made or brought up to date."""
    uv = PLACE / "uv" / "bin" / "uv"
    if not uv.exists():
        subprocess.run([sys.executable, "-m", "venv", PLACE / "uv"], check=True)
        subprocess.run([PLACE / "uv" / "bin" / "pip", "install", "--quiet", "uv"], check=True)
    home = PLACE / name
    if not home.exists():
        subprocess.run([uv, "venv", "--quiet", "--python", python, home], check=True)
    inside = home / "bin" / "python"
    install = [uv, "pip", "install", "--quiet", "--python", inside, "--resolution", resolution, "--upgrade"]
    subprocess.run([*install, "--editable", f"{ROOT}[dev]"], check=True)
    return inside


def passes(python: Path, *options: str) -> bool:
    """Return whether the fast tests pass."""
    command = [
        python,
        "-m",
        "pytest",
        "-q",
        "-n",
        "auto",
        "--dist",
        "loadfile",
        "--no-loadscope-reorder",
        "-p",
        "no:cacheprovider",
        *options,
        *FAST,
    ]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"}, check=False).returncode == 0


def main(arguments: list[str]) -> int:
    """Run the tests in each environment; return how many failed."""
    wanted = tuple(arguments) or PYTHONS
    found = {version: path for version in wanted if (path := interpreter(version)) is not None}
    outcomes: dict[str, bool] = {}
    for k, (version, path) in enumerate(found.items()):
        if k == 0:
            # old releases warn of what newer ones of other libraries will take away
            outcomes[f"Python {version}, oldest releases"] = passes(
                environment(f"{version}-oldest", path, "lowest-direct"), "-o", "filterwarnings=default"
            )
        outcomes[f"Python {version}, newest releases"] = passes(environment(f"{version}-newest", path, "highest"))
    print("The fast tests with the oldest and newest releases:")
    for name, is_good in outcomes.items():
        print(f"  {name}: {'passed' if is_good else 'FAILED'}")
    for version in wanted:
        if version not in found:
            print(f"  skipped: Python {version} is not found on this machine")
    return sum(not is_good for is_good in outcomes.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
