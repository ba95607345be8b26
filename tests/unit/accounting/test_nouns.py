"""The nouns of an account: checked when they are made, and joined with what a table holds."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import athermal as at
from athermal.accounting import Measured, Propagation, StandardErrors, States

BATHS = {"hot": 2.0, "cold": 1.0}
HEATS = {"hot": [0.0, -1.0], "cold": [0.0, 0.45]}
AT_REST = {"energies": {"atom": 0.0}, "entropies": {"atom": 0.0}}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Measured([0.0, 0.0]), "occurs twice"),
        (lambda: Measured([0.0, 1.0], heats={"hot": [0.0, np.nan]}), "heats of 'hot' must be finite"),
        (lambda: Measured([0.0, 1.0], energies={"atom": [0.0, 1.0, 2.0]}), "energies of 'atom' must be 2 numbers"),
        (lambda: Measured([0.0, 1.0], heats={"hot": [0.0] * 3}, per_interval=True), "must be 1 numbers"),
        (lambda: Measured([0.0, 1.0], heat_sign="out"), "into machine"),
        (lambda: Measured([0.0, 1.0], memoryless="yes"), "True or False"),
        (lambda: Measured([0.0, 1.0], units={"energy": "GHzz"}), "Did you mean 'GHz'"),
        (lambda: Measured([0.0, 1.0], errors={"heats": 0.1}), "must be StandardErrors"),
        (lambda: StandardErrors(calibration=2.0), "relative"),
        (lambda: States(tolerance=-1.0), "zero or positive"),
        (lambda: States(dimensions=[2, 2]), "given by name"),
        (lambda: Propagation("magic"), "magic"),
        (lambda: Propagation(draws=1), "at least 2"),
        (lambda: at.account([0.0, 1.0], BATHS), "must be a table or Measured"),
        (lambda: at.account(Measured([0.0, 1.0]), BATHS, states={"q": []}), "must be States"),
    ],
)
def test_what_is_none_is_refused_when_it_is_made(make, message):
    with pytest.raises(at.errors.StudyError, match=message):
        make()


def test_columns_beside_a_table_are_as_those_in_it():
    table = {"time": [0.0, 1.0], "heat[hot]": HEATS["hot"], "heat[cold]": HEATS["cold"], "heat[hot]_error": [0.0, 0.1]}
    made = at.account(Measured(table, **AT_REST, errors=StandardErrors(heats={"cold": [0.0, 0.2]})), BATHS)
    whole = Measured([0.0, 1.0], heats=HEATS, **AT_REST, errors=StandardErrors(heats={"hot": [0, 0.1], "cold": [0, 0.2]}))
    assert at.account(whole, BATHS).errors.equals(made.errors)
    assert made.provenance["inputs"] == ["energies", "entropies", "errors of heats", "heats", "times"]
    framed = replace(whole, heats=pd.DataFrame(HEATS))
    assert at.account(framed, BATHS).errors.equals(made.errors)
    for twice in ({"heats": {"hot": [0.0, 1.0]}}, {"errors": StandardErrors(heats=0.1)}):
        with pytest.raises(at.errors.StudyError, match="`heats` must be given once"):
            at.account(Measured(table, **AT_REST, **twice), BATHS)


def test_states_together_by_their_names_or_in_the_order_of_them():
    rho = np.diag([0.4, 0.1, 0.2, 0.1, 0.1, 0.1])
    heat, sizes = Measured([0.0, 1.0], heats={"b": 0.0}, energies={"q": 0.0, "r": 0.0}), {"q": 2, "r": 3}
    named, ordered = (at.account(heat, {"b": 1.0}, states=States({key: [rho] * 2}, dimensions=sizes)) for key in (("q", "r"), ()))
    assert named.cycles.equals(ordered.cycles)
    assert named.instants.system_correlation.values[0] > 0.0
