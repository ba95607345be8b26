"""How the package is built: short files and functions, no circles of imports, read off its source."""

import ast
import re
from pathlib import Path

import numpy as np
from scipy.sparse.csgraph import connected_components

import athermal as at
from athermal.backends.base import Backend

ROOT = Path(at.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
LONGEST, LONGEST_FILE = 60, 420


def lines_of_code(function, lines):
    """Return how many lines a function has without its docstring, comments and empty lines."""
    held = set(range(function.lineno, function.end_lineno + 1))
    if ast.get_docstring(function) is not None:
        held -= set(range(function.body[0].lineno, function.body[0].end_lineno + 1))
    return sum(1 for k in held if lines[k - 1].strip() and not lines[k - 1].lstrip().startswith("#"))


def test_no_file_is_too_long():
    found = {str(path.relative_to(ROOT)): n for path in MODULES if (n := len(path.read_text().splitlines())) > LONGEST_FILE}
    assert not found, "a file that long asks to be two"


def test_no_function_is_too_long():
    found = {}
    for path in MODULES:
        text = path.read_text()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = lines_of_code(node, text.splitlines())
                if length > LONGEST:
                    found[f"{path.relative_to(ROOT)}: {node.name}"] = length
    assert not found, "a function that long asks to be two"


def backends():
    """Return the names of the backends that a user can write."""
    return [name for name in at.__all__ if isinstance(thing := getattr(at, name), type) and issubclass(thing, Backend)]


def test_maths_knows_no_backend_and_no_option():
    """It tells plain facts; who calls it knows what can be done about them."""
    words = re.compile(rf"\b({'|'.join(backends())})\(|\bbackend|--[a-z]")
    found = [
        f"{path.name}: {line}"
        for path in (ROOT / "maths").rglob("*.py")
        for line in path.read_text().splitlines()
        if words.search(line)
    ]
    assert "Dense" in backends()
    assert not found


def imports():
    """Return for each module those of the package that it imports, whatever for and wherever."""
    named = {".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__"): path for path in MODULES}
    found = {}
    for name, path in named.items():
        used = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                used |= {entry.name for entry in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                inner = {entry.name: f"{node.module}.{entry.name}" for entry in node.names}
                used |= {whole if whole in named else node.module for whole in inner.values()}
        found[name] = (used & set(named)) - {name}
    return found


def test_no_module_imports_one_that_imports_it():
    """Under TYPE_CHECKING and inside functions too: what needs each other belongs together, or to something below both."""
    used = imports()
    names = sorted(used)
    linked = np.array([[other in used[one] for other in names] for one in names])
    count, label = connected_components(linked, connection="strong")
    groups = [[name for name, own in zip(names, label, strict=True) if own == k] for k in range(count)]
    assert not [ring for ring in groups if len(ring) > 1]
