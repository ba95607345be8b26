"""How the package is built: short functions and no circles, read off its source."""

import ast
import re
from pathlib import Path

import athermal as at
from athermal.backends.base import Backend

ROOT = Path(at.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
LONGEST = 60
# A signature of nouns is yet to come.
LONGER = {"account"}


def lines_of_code(function, lines):
    """Return how many lines a function has without its docstring, comments and empty lines."""
    held = set(range(function.lineno, function.end_lineno + 1))
    if ast.get_docstring(function) is not None:
        held -= set(range(function.body[0].lineno, function.body[0].end_lineno + 1))
    return sum(1 for k in held if lines[k - 1].strip() and not lines[k - 1].lstrip().startswith("#"))


def test_no_function_is_too_long():
    found = {}
    for path in MODULES:
        text = path.read_text()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name not in LONGER:
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
