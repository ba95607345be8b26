import numpy as np

from athermal.thermodynamics.snapshot import Snapshot


def one(k):
    return Snapshot(np.array(float(k)), np.array([k, 1.0]), np.array([2.0]), np.zeros(2), np.zeros(1), *(np.array(k),) * 3)


def test_stack_and_take():
    stacked = Snapshot.stack([one(1), one(2), one(3)])
    assert stacked.time.tolist() == [1.0, 2.0, 3.0]
    assert stacked.subsystem_energies.shape == (3, 2)
    assert stacked.at(1).subsystem_energies.tolist() == [2.0, 1.0]
    assert stacked.at(slice(1, None)).time.tolist() == [2.0, 3.0]
    assert stacked.at(np.array([2, 0])).total_entropy.tolist() == [3.0, 1.0]
