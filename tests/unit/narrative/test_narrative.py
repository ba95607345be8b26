"""The same facts in the same sentences, wherever they are told."""

import re
from dataclasses import fields, replace

import numpy as np
import pytest

import athermal as at
from athermal.narrative import PLAIN, Facts, headline, sentences, summary
from athermal.narrative.resources import RESOURCES, resources_of, unresolved_work, work_given
from athermal.narrative.sentences import altogether
from athermal.plot import words
from athermal.thermodynamics.payers import GROUPS


@pytest.fixture(scope="module")
def charged():
    return at.run(at.library.two_oscillator(modes=12), cycles=4, initial=at.Charged(cycles=2))


def test_figures_and_text_say_the_same(charged):
    facts = Facts.of(charged)
    assert headline(facts, words.STYLE).replace("\N{EN DASH}", "-") == headline(facts)
    drawn, written = sentences(facts, words.STYLE), sentences(facts)
    assert "mostly $D$[hot bath]" in drawn[0]
    assert "mostly D[hot bath] (reservoirs out of equilibrium)" in written[0]
    for one, other in zip(drawn, written, strict=True):
        bare = re.sub("|".join(re.escape(f" ({resource.meaning})") for resource in RESOURCES), "", other)
        assert one.replace("\N{EN DASH}", "-").replace("$", "") == bare
    assert summary(charged)[1 : 1 + len(written)] == [f"  {line}" for line in written]


def test_every_resource_has_a_group_a_meaning_and_a_look():
    assert [resource.symbol for resource in RESOURCES] == list(GROUPS) == list(words.LOOKS)


def test_the_resources_sum_to_the_work(charged):
    given = sum(work_given(charged, resource) for resource in resources_of(charged))
    assert given == pytest.approx(charged.work_output.values, abs=1e-12)  # (S18), to rounding
    assert unresolved_work(charged) == pytest.approx(np.zeros(4), abs=1e-12)


def test_a_name_with_a_dollar_is_no_mathematics():
    assert words.symbol("D[$hot]") == r"$D$[\$hot]"
    assert PLAIN.resource("D[$hot]") == "D[$hot] (reservoirs out of equilibrium)"


def test_work_that_came_out_and_went_in_are_told_altogether(charged):
    facts = Facts.of(charged)
    assert altogether(replace(facts, whole=None)) == ""
    whole = replace(facts.whole, cycles=4, work_output=0.5, efficiency=0.25, share=0.4, has_work=True, is_athermal=True)
    told = altogether(replace(facts, whole=whole, energy_unit="GHz"))
    assert told == "All 4 cycles together gave 0.5 GHz of work at an efficiency of 0.2500, 40% of it from stored resources."
    assert altogether(replace(facts, whole=replace(whole, work_output=-0.5))) == "All 4 cycles together took in 0.5 of work."
    assert altogether(replace(facts, whole=replace(whole, cycles=1, has_work=False))).startswith("Cycle 1 together")


def test_facts_do_not_depend_on_the_order_of_reservoirs(charged):
    machine = at.library.two_oscillator(modes=12)
    turned = replace(machine, reservoirs=machine.reservoirs[::-1], subsystems=machine.subsystems[::-1])
    other = Facts.of(at.run(turned, cycles=4, initial=at.Charged(cycles=2)))
    facts = Facts.of(charged)
    assert (headline(other), sentences(other)) == (headline(facts), sentences(facts))
    assert {field.name for field in fields(Facts)} >= {"kinds", "is_beyond", "is_past", "whole"}
