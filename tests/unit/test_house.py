"""How the package is built: short functions and no circles, read off its source."""

import ast
from pathlib import Path

import athermal

ROOT = Path(athermal.__file__).parent
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
