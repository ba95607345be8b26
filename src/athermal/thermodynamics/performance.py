"""The columns of how well a machine does, and of what paid for it."""

from __future__ import annotations

from athermal.thermodynamics import laws, renewal
from athermal.thermodynamics.column import Column, Heading, Made, ends_of
from athermal.thermodynamics.extras import OF_RENEWED

PERFORMANCE = (
    Column(
        "efficiency",
        "efficiency eta, where work comes out",
        "1",
        over=lambda i: i.over(i.work_given, laws.efficiency(i.work, i.a, i.b, i.reference)),
        made=Made(("work", ("heat_intake", "energy_intake"))),
        symbol=r"\eta",
        word="efficiency",
        heading=Heading("eta"),
        is_compared=True,
    ),
    Column(
        "carnot_efficiency",
        "Carnot efficiency eta_C",
        "1",
        over=lambda i: i.constant(laws.carnot_efficiency(i.reference)),
        symbol=r"\eta_{\mathrm{C}}",
        word="Carnot efficiency",
        heading=Heading("Carnot", has_error=False),
    ),
    Column(
        "thermal_efficiency",
        "thermal efficiency eta_th",
        "1",
        over=lambda i: i.over(i.heat_intake, laws.thermal_efficiency(i.a, i.b, i.reference)),
        made=Made(("heat", ("heat_intake",))),
        symbol=r"\eta_{\mathrm{th}}",
        word="thermal efficiency",
    ),
    Column(
        "gamma",
        "gamma = 1/(1 + dU_in/Q_in)",
        "1",
        over=lambda i: i.over(i.heat_intake, laws.gamma(i.a, i.b, i.reference)),
        made=Made(("heat_intake", ("heat_intake", "energy_intake"))),
        symbol=r"\gamma",
    ),
    Column(
        "thermal_share",
        "thermal share of the work",
        "1",
        over=lambda i: i.over(i.work, laws.thermal_share(i.work, i.a, i.b, i.reference)),
        made=Made(("heat", ("work",))),
        symbol=r"\Sigma_j\,\eta_j Q_j/W",
        word="thermal share",
    ),
    Column(
        "entropic_share",
        "entropic share of the work",
        "1",
        over=lambda i: i.over(i.work, laws.entropic_share(i.work, i.a, i.b, i.reference)),
        made=Made(("entropic_work", ("work",))),
        symbol=r"T_{\min}\,\Delta\sigma/W",
        word="entropic share",
    ),
    Column(
        "work_by_resource",
        "terms of W by resource; negative: the resource gave work",
        "energy",
        ("resource",),
        ends_of(laws.work_by_resource),
        made=Made(has_entropies_at="lowest"),
    ),
    Column(
        "coefficient_of_performance",
        "coefficient of performance -Q_c/W, where work goes in and the coldest reservoirs give heat",
        "1",
        over=lambda i: i.over(i.work_that_cools, laws.coefficient_of_performance(i.work, i.a, i.b, i.reference)),
        made=Made(("heat", ("work",))),
        symbol=r"\varepsilon",
        word="coefficient of performance",
    ),
    Column(
        "carnot_coefficient",
        "Carnot coefficient of performance",
        "1",
        over=lambda i: i.constant(laws.carnot_coefficient(i.reference)),
        symbol=r"\varepsilon_{\mathrm{C}}",
        word="Carnot coefficient of performance",
    ),
    Column(
        "coefficient_split",
        "eps_C [1 - refrigeration_cost/W]",
        "1",
        over=lambda i: i.over(i.work_that_cools, laws.coefficient_split(i.work, i.a, i.b, i.reference)),
        made=Made(("refrigeration_cost", ("work",))),
    ),
    Column(
        "refrigeration_cost",
        "T_h dSigma + sum d(U_i - T_h S_i)",
        "energy",
        over=ends_of(laws.refrigeration_cost),
        made=Made(has_entropies_at="highest"),
    ),
    Column(
        "refrigeration_by_resource",
        "terms of W by resource, with T_max for T_min",
        "energy",
        ("resource",),
        ends_of(laws.refrigeration_by_resource),
        made=Made(has_entropies_at="highest"),
    ),
)
"""Efficiencies, coefficients of performance, and the terms of the work."""

FUEL = (
    Column(
        "fuel",
        "fuel T_min [C(R) + sum D_j] that fresh units of renewed reservoirs brought",
        "energy",
        over=lambda i: renewal.fuel_delivered(i.a, i.b),
        made=Made(has_entropies_at="lowest"),
        symbol=r"\Phi",
        word="fuel",
        extra="fuel_delivered",
        where=OF_RENEWED,
    ),
    Column(
        "fuel_used",
        "fuel that renewed reservoirs have lost within cycles",
        "energy",
        over=ends_of(renewal.fuel_used),
        made=Made(has_entropies_at="lowest"),
        symbol=r"\Phi_{\mathrm{used}}",
        word="fuel used",
        heading=Heading("fuel used"),
        extra="fuel_delivered",
        where=OF_RENEWED,
    ),
    Column(
        "efficiency_with_fuel",
        "efficiency -W/(Q_in + dU_in + fuel), the fuel counted as put in",
        "1",
        over=lambda i: i.over(i.work_given, renewal.efficiency_with_fuel(i.work, i.a, i.b, i.reference)),
        made=Made(("work", ("heat_intake", "energy_intake", "fuel"))),
        symbol=r"\eta_{\Phi}",
        word="efficiency with fuel",
        heading=Heading("with fuel"),
        extra="fuel_delivered",
        where=OF_RENEWED,
    ),
)
"""What renewed reservoirs bring, what is used of it, and the efficiency that counts it."""
