"""What every test and every docstring example sees."""

import matplotlib as mpl
import numpy as np
import pytest

import athermal as at

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _names_for_examples(doctest_namespace):
    doctest_namespace["np"] = np
    doctest_namespace["at"] = at
