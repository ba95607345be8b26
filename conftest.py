"""What every test and every docstring example sees."""

import matplotlib as mpl
import numpy as np
import pytest

import athermal as at

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _around_examples(request, doctest_namespace, tmp_path, monkeypatch):
    """Give docstring and README examples their names, and a folder of their own to write in."""
    doctest_namespace["np"] = np
    doctest_namespace["at"] = at
    if isinstance(request.node, pytest.DoctestItem):
        monkeypatch.chdir(tmp_path)
