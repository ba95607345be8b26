"""The page on the architecture names what there is."""

import re
import textwrap
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text()
PACKAGE = ROOT / "src" / "athermal"


def test_every_file_that_it_names_is_there():
    named = set(re.findall(r"`((?:[\w.]+/)+[\w.]*)`", PAGE)) - {"src/athermal/..."}
    assert len(named) > 25
    missing = [name for name in named if not (ROOT / name).exists() and not (PACKAGE / name).exists()]
    assert not missing


def test_every_room_is_in_its_table():
    listed = {name for row in PAGE.splitlines() if row.startswith("| `") for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    rooms = {path.stem for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert rooms <= listed


def test_its_five_lines_are_a_suite():
    code = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert code is not None
    space = {}
    exec(textwrap.dedent(code[1]), space)  # noqa: S102
    assert space["TestMine"]().parameters()["case"]
