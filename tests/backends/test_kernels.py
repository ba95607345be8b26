"""The kernel of the linear algebra library and the limit cycle, which no backend of the suite computes."""

from __future__ import annotations

import json
import subprocess
import sys

import kernels
import numpy as np
import pytest

import athermal as at


def cycle():
    found = at.limit_cycle(at.library.two_oscillator())
    return [float(found.work), *found.heat.tolist()]


def cycle_with(kernel):
    command = [sys.executable, "-W", "ignore", __file__]
    done = subprocess.run(command, env=kernels.environment(kernel), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_two_kernels_give_one_limit_cycle():
    found, left_out = kernels.distinct(("Prescott", "Haswell", "Nehalem"))
    if len(found) < 2:
        pytest.skip(f"The linear algebra library has one kernel only, {list(found.values())}; {left_out}.")
    one, other = (cycle_with(kernel) for kernel in tuple(found)[:2])
    np.testing.assert_allclose(one, other, rtol=1e-10)  # rounding over the nodes of an integration


if __name__ == "__main__":
    sys.stdout.write(json.dumps(cycle()))
