"""The help of each command; a paragraph that starts with a backspace character keeps its line breaks."""

RUN = """\
Run a machine and print its ledger, one row per cycle.

Results go to standard output; progress, warnings and errors go to standard error. Nothing is written without --out.
Ctrl-C and SIGTERM end a run early and keep the cycles that were finished.

\b
Examples:
  athermal run two_oscillator --cycles 5
  athermal run examples/two_oscillator.toml --out results
  athermal run examples/two_oscillator.toml --out cycles.csv --quiet
  athermal run engine.toml --set machine.T_hot=2 --set run.cycles=20
  athermal run engine.toml --json | jq .cycles.efficiency
  athermal run engine.toml --observable n=cavity.num --keep-states --out results

\b
Exit status: 0 done; 1 the run could not be finished, or a law is missed
by more than its tolerance; 2 wrong usage or a wrong file; 130 Ctrl-C, 143 SIGTERM.

\b
A machine file is TOML:
  title = "..."               optional
  [run]                       optional
  cycles = 8                  10 if left out
  samples_per_cycle = 1
  tolerance = 1e-12           of the propagator on driven stretches
  accuracy = 1e-6             of every column, with baths of modes = "auto"
  keep_states = true          or parts: ["atom", ["atom", "hot"]]
  [observables]               optional: means kept beside the ledger
  n = "cavity.num"            or "a.sigmaz*b.sigmaz", "bath.num@3"
  [run.backend]               optional: auto, dense, star, density_matrix, state_vectors;
  kind = "heom"               of continuous baths: heom, bloch_redfield, lindblad, floquet_markov
  [machine]                   a machine of the library: see athermal list
  library = "two_oscillator"
  T_hot = 2.4
  [initial]                   optional; each part thermal if left out
  kind = "charged"            or product_thermal, gibbs, squeezed, displaced,
  cycles = 3                  correlated_marginals, gaussian_moments, given_state

\b
or, with a machine of your own:
  [machine]
  period = 6.283185307179586
  [[machine.subsystems]]      oscillators; or with a kind: qubit, qudit,
  name = "atom"               truncated_oscillator
  frequency = 1.0             a number or a drive { kind = "strokes", ... }
  [[machine.reservoirs]]      bath, continuum_bath, ring, chain, coupled_bath;
  kind = "bath"               of finite parts: spin_bath, truncated_bath, finite_bath
  name = "hot"
  temperature = 2.0
  mode_frequencies = [0.9, 1.1]
  mode_couplings = [0.1, 0.1]
  [[machine.couplings]]       exchange, position, two_mode_squeezing,
  kind = "exchange"           quadratic_form, displacement; operator (finite parts)
  between = ["atom", "hot"]
  strength = { kind = "harmonic", amplitude = 1.0, frequency = 1.0 }

\b
Matrices are rows of numbers, complex ones as text; of finite parts:
  hamiltonian = [[0, "0.5j"], ["-0.5j", 3]]      of a qudit or finite_bath
  hamiltonian = [0.0, 1.0, 2.5]                  by its energies
  operators = [[[1, 0], [0, 0]], "position"]     of a coupling, or names
  state = [[0.5, "0.5j"], ["-0.5j", 0.5]]        of a given_state; or a
  state = [0.6, "0.8j"]                          state vector

Drives are constant, harmonic, rotating, strokes, sum, product; spectral densities ohmic, underdamped_brownian, flat_band,
tabulated (file = "density.csv", relative to the machine file), sum. The keys of each kind are the arguments of the Python class
of that name.
"""

AUDIT = """\
Run a machine and tell how good the answer is, in words.

For baths of modes = "auto": the modes chosen, what their number and the cut-off do to the results. For a continuum_bath with a
number of modes: from which cycle on its finite size shows, by comparing with the continuum. For all: recurrence times,
counter-terms, the error of the time steps, the residuals of the laws and the least certain column.

\b
Examples:
  athermal audit two_oscillator --cycles 12
  athermal audit examples/continuum.toml --accuracy 1e-8
  athermal audit results/two_oscillator.nc

\b
Exit status: 0 done; 1 the run could not be finished or its accuracy not met;
2 wrong usage or a wrong file; 130 Ctrl-C, 143 SIGTERM.
"""

LIST = """\
List the machines of the library with their parameters; or the columns of a ledger, and which backend knows them.

\b
Examples:
  athermal list
  athermal list otto
  athermal list --columns
  athermal list --columns paid_by
"""

SHOW = """\
Show a machine without running it: parts, couplings, drives, validity, recurrence times. Or show a finished run or sweep again.

\b
Examples:
  athermal show results/two_oscillator.nc
  athermal show two_oscillator
  athermal show examples/own_machine.toml
  athermal show otto --set modes=30 --json
"""

LIMIT = """\
Find the limit cycle of a machine with continuous baths: what it relaxes to, without running it.

Every reservoir must be given by a spectral density (continuum_bath). Oscillators are taken at any coupling strength; the number
of modes of a bath does not matter. Finite subsystems, or oscillators where [run.backend] takes spectral densities as they are
(heom, lindblad, bloch_redfield, floquet_markov), have the fixed point of that backend's cycle, HEOM's if none is named. Shows
work and heat per cycle, efficiency, entropy production, the state at the start of a cycle, and the Floquet exponents that say
how fast the machine settles (all must have a negative real part). What is conserved, if there are many, is named.

\b
Examples:
  athermal limit two_oscillator
  athermal limit engine.toml --set machine.T_hot=2 --accuracy 1e-6
  athermal limit engine.toml --json | jq .work
  athermal limit examples/two_qubits_between_baths.toml

\b
Exit status: 0 done; 1 there is no limit cycle, or it was not found to the
accuracy; 2 wrong usage, a wrong file, or a machine of another kind.
"""

EXPORT = """\
Write a finished run or sweep as a file for other programs: spreadsheets, papers, other languages.

csv, parquet and latex hold one table with a row for each cycle (of each point of a sweep); what belongs to a part is a column of
its own, heat[hot bath], and errors stand beside, heat[hot bath]_error. xlsx holds every table on a sheet of its own, with one
that says what the columns are; json every table, units and provenance. Numbers keep every bit, but those of latex, which are
made to be read. What is unknown is nan (null in json). latex needs the package booktabs.

\b
Examples:
  athermal export results/two_oscillator.nc --to csv
  athermal export results/two_oscillator.nc --to latex --table cumulative
  athermal export bath_size --to parquet --out bath_size.parquet
  athermal export results/two_oscillator.nc --to json --out - | jq .cycles

\b
xlsx and parquet need: pip install "athermal[export]"
Exit status: 0 done; 2 wrong usage, a wrong file, or the file is there already (--force replaces it).
"""

PLOT = """\
Draw a figure of a finished run or sweep.

\b
Examples:
  athermal plot results/two_oscillator.nc
  athermal plot results/two_oscillator.nc --kind resources --out resources.pdf
  athermal plot results/continuum.nc --kind efficiency --limit
  athermal plot sweep_folder --kind heat-map --column cumulative_efficiency
  athermal plot sweep_folder --kind pareto --x power --y efficiency --cycle 3
"""

SWEEP = """\
Run a machine at many points of its parameters, and keep every ledger.

Finished points are kept as they come. A sweep that was stopped, by Ctrl-C or a crash, goes on from there when the same command
is given again; several processes may work on one folder. A point that cannot be run is recorded with its error. The folder also
gets sweep.nc, one labelled data set (parameters x cycle x ...).

\b
Examples:
  athermal sweep two_oscillator --over T_hot=1.1:3:40 --over coupling=0.05:0.4:40
  athermal sweep examples/two_oscillator.toml --over initial.strength=0:0.99:12
  athermal sweep otto --over modes=20,40,80 --cycles 8 --out bath_size
  athermal sweep engine.toml --over T_hot=1.1:3 --over coupling=0.05:0.4 --sample 256
  athermal sweep engine.toml --table points.csv --scheduler tcp://10.0.0.1:8786
  athermal plot bath_size --kind lasting

\b
KEY is a parameter of a library machine (T_hot), or a path into the machine file
(machine.reservoirs.hot.temperature, initial.strength, run.cycles).

\b
Exit status: 0 done; 1 no point could be run, or the folder could not be
written to; 2 wrong usage or a wrong file; 130 Ctrl-C, 143 SIGTERM.
"""

RERUN = """\
Run a point of a sweep again, or a saved ledger, and compare with what was recorded.

\b
Examples:
  athermal rerun bath_size --point 17
  athermal rerun bath_size --point 3fa9c1
  athermal rerun results/two_oscillator.nc

\b
Exit status: 0 identical to the last bit; 1 it differs; 2 wrong usage or a wrong file.
"""

OPTIMISE = """\
Search for the parameters at which a machine does best.

--over T_hot=1.1:3 varies a number within bounds, --over modes=10:40 a whole number (as both bounds are; write 10.0:40 for
any number), --over baths=ring,star one of several values. Objectives are columns of the ledger over the whole run, or of its
last cycle with --last-cycle. Several objectives make a Pareto front: what can be had of one without losing of the other.

\b
Methods:
  local     uphill from three starts, for numbers
  global    differential evolution, then refined
  optuna    many parameters, several objectives: pip install "athermal[optuna]"
  auto      local; global with whole numbers or choices; optuna with several objectives

\b
Examples:
  athermal optimise two_qubit_swap --over omega_cold=0.85:1.5 --objective work_output --cycles 1
  athermal optimise engine.toml --over machine.reservoirs.hot.temperature=1.5:4 --subject-to "power>=0.01"
  athermal optimise two_qubit_swap --over omega_cold=0.85:1.5 --objective efficiency --objective power --cycles 1 --out results

\b
Exit status: 0 done; 1 a run could not be finished; 2 wrong usage, or no point
satisfies the constraints; 130 Ctrl-C, 143 SIGTERM (the best so far is printed
and kept).
"""

DEFINITIONS = """\
Show one run by every definition of work and heat in use, side by side.

RESULT is a ledger that `athermal run --out` wrote. Heat as the energy the bath takes up (the ledger's), with the interaction
energy shared or added to it, as the energy the system loses, and, where the ledger knows them, by minimal dissipation and by
the quanta of a master equation's jumps: what each makes of the work, the efficiency, and the second law.

\b
Examples:
  athermal definitions results/two_oscillator.nc
  athermal definitions results/two_oscillator.nc --share 0.3 --out definitions.png
  athermal definitions results/two_oscillator.nc --json | jq '.cycles["system energy"].heat'

\b
Exit status: 0 done; 2 wrong usage or a wrong file.
"""

ACCOUNT = """\
Make the ledger of an experiment, or of another solver's run, from a table of its numbers.

The table is a .csv, .tsv, .txt, .npz, .h5, .hdf5 or .nc file, with a line for each instant: two or more. What the reservoirs'
states would tell, I(S,R), C(R) and D_j, is unknown; dSigma, dsigma, the mode and the efficiency are exact.

\b
Columns:
  time                        rising
  heat[hot], heat[cold], ...  absorbed by each reservoir since the start
  work                        done on the machine since the start; if left
                              out it follows from the first law
  energy[atom], entropy[atom] of each subsystem; entropies in nats
  system_entropy              of all subsystems together: tells C(S)
  population[atom][0], counts[atom][0], ...      of every level, in place
                              of energy and entropy; --levels tells energies
  work_error, heat[hot]_error, ...   one standard error of each
  heat[hot] (meV)             a unit may stand in brackets
  state[atom], state[atom]_error, system_state, hamiltonian[atom]
                              matrices, in .npz and .h5

\b
Examples:
  athermal account data.csv --temperatures hot=1.5,cold=1.0
  athermal account data.csv --temperatures hot=300,cold=20 --units energy=GHz,temperature=mK
  athermal account data.npz --temperatures hot=1.5,cold=1.0 --period 6.28 --out results
  athermal account data.csv --temperatures hot=1.50±0.02,cold=1.00±0.01 --levels atom=0:1 --calibration-error 0.02

\b
Exit status: 0 done; 1 the first law is missed by more than its tolerance;
2 wrong usage or a wrong table; 130 Ctrl-C, 143 SIGTERM.
"""

COMPARE = """\
Run one machine with several backends: which of them may I use?

One row for each column of the ledger: how large it is in the reference, and the largest difference of every other backend from
it over all cycles; the runtimes are the last row. A backend that cannot hold the machine is listed with its reason. What a
backend does not know is "unknown", never a difference of zero.

A backend is its kind: auto, dense, star, density_matrix, state_vectors, heom, bloch_redfield, lindblad, floquet_markov,
or one that an installed package brings (entry point athermal.backends).
Options follow a colon, separated by commas. The same kind twice is named as it is written.

\b
Examples:
  athermal compare two_oscillator --backends dense,star --cycles 4
  athermal compare two_oscillator --set modes=2 --backends dense,density_matrix:levels=3
  athermal compare two_qubit_swap --backends density_matrix,state_vectors:samples=8,seed=1 --out results
  athermal compare examples/two_qubits_between_baths.toml --backends heom:depth=4,bloch_redfield,lindblad:approach=local

\b
Exit status: 0 done; 1 a run stopped before its last cycle; 2 wrong usage, a
wrong file, or the reference cannot hold the machine; 130 Ctrl-C, 143 SIGTERM
(what was finished is printed and kept).
"""
