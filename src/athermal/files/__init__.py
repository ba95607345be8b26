"""Machine files: a run written down as TOML.

A machine file has up to three tables, and a title::

    title = "Two oscillators"   # optional; shown above the results

    [run]                       # optional
    cycles = 8                  # periods to run; 10 if left out
    samples_per_cycle = 1       # instants per cycle at which the ledger is sampled
    tolerance = 1e-12           # of the propagator on driven stretches, for machines of oscillators
    accuracy = 1e-6             # of every column, for machines with baths of modes = "auto"

    [run.backend]               # optional; kind: auto, dense, star, density_matrix, state_vectors, or, of continuous baths,
                                # heom, bloch_redfield, lindblad, floquet_markov; or one of another package (entry point)
    kind = "state_vectors"
    samples = 16

    [machine]                   # a machine of the library with its arguments, ...
    library = "two_oscillator"
    T_hot = 2.4
    modes = 12

    [initial]                   # optional; each part thermal if left out
    kind = "charged"
    cycles = 3

or, in place of the library's, a machine of your own::

    [machine]
    period = 6.283185307179586
    name = "mine"               # optional; the file's name if left out

    [[machine.subsystems]]      # oscillators, if no kind is given
    name = "atom"
    frequency = 1.0             # a number, or a drive: { kind = "strokes", durations = [...], values = [...] }

    [[machine.reservoirs]]      # kind: bath, continuum_bath, ring, chain, coupled_bath
    kind = "bath"
    name = "hot"
    temperature = 2.0
    mode_frequencies = [0.9, 1.1]
    mode_couplings = [0.1, 0.1]

    [[machine.couplings]]       # kind: exchange, position, two_mode_squeezing, quadratic_form, displacement
    kind = "exchange"
    between = ["atom", "hot"]
    strength = { kind = "harmonic", amplitude = 1.0, frequency = 1.0 }

or of finite parts::

    [[machine.subsystems]]      # kind: qubit, qudit, truncated_oscillator
    kind = "qubit"
    name = "atom"
    frequency = 1.0

    [[machine.reservoirs]]      # kind: spin_bath, truncated_bath, finite_bath
    kind = "spin_bath"
    name = "hot"
    temperature = 2.0
    spin_frequencies = [0.9, 1.1]
    spin_couplings = [0.1, 0.1]

    [[machine.couplings]]       # exchange, two_mode_squeezing, position, or any product of operators:
    kind = "operator"
    between = ["atom", "hot"]
    operators = ["sigmax", "sigmax"]
    strength = 0.5

    [[machine.counters]]        # optional: time integrals of observables, shown beside the ledger
    name = "flips"
    terms = [{ between = ["atom"], operators = ["sigmax"] }]

The standard operators are, of qubits and spin baths, "sigmax", "sigmay", "sigmaz", "sigmap" and "sigmam"; of truncated
oscillators and baths "destroy", "create", "num", "position", "momentum", "position_squared" and "momentum_squared"; of every
part "identity" and, for two of its basis states, "|0><1|".

Wherever a Python machine takes a matrix, a file takes its rows, with complex numbers as text; a list of numbers is the energies
of a qudit or a finite bath, or the amplitudes of a given state::

    [[machine.subsystems]]
    kind = "qudit"
    name = "dimer"
    hamiltonian = [[0, "0.5j"], ["-0.5j", 3]]   # or energies: [0, 1, 2.5]

    [[machine.couplings]]
    kind = "operator"
    between = ["dimer", "bath"]
    operators = [[[1, 0], [0, 0]], "position"]  # a matrix for the first part, a name for the second

    [initial]
    kind = "given_state"
    parts = ["dimer"]
    state = [[0.5, "0.5j"], ["-0.5j", 0.5]]     # a density matrix; or amplitudes: [0.6, "0.8j"]

The keys of a table are the arguments of the class that its `kind` stands for: "continuum_bath" is `athermal.ContinuumBath`,
"strokes" is `athermal.drives.Strokes`, "correlated_marginals" is `athermal.CorrelatedMarginals`. The kinds of drives are
constant, harmonic, rotating, strokes, sum and product; of spectral densities ohmic, underdamped_brownian, flat_band, tabulated
and sum; of initial states product_thermal, gibbs, charged, correlated_marginals, squeezed, displaced, gaussian_moments and
given_state. What holds a Python function (`Function`, `FunctionDensity`) cannot be written in a file. Sums and tables of
densities look so, the path relative to the machine file::

    [[machine.reservoirs]]
    kind = "continuum_bath"
    name = "hot"
    temperature = 2.0

    [machine.reservoirs.spectral_density]
    kind = "sum"
    densities = [
        { kind = "underdamped_brownian", coupling = 0.3, width = 0.1, resonance = 1.0 },
        { kind = "tabulated", file = "density.csv" },   # two columns: frequency, J; or frequencies = [...], values = [...]
    ]

Observables whose means are kept beside the ledger, and states of parts, for `athermal.load(...)` and `ledger.state(part)`::

    [run]
    keep_states = true          # of all subsystems together; or a list: ["atom", ["atom", "hot"]]

    [observables]
    n = "atom.num"
    both = "a.sigmaz*b.sigmaz"
    third = "hot.num@2"         # of one site of a reservoir; without it the sum over all
    y = { parts = ["a"], operators = [[[0, "-1j"], ["1j", 0]]] }

Reservoirs, and then couplings too, may be missing: the machine is closed. Unknown keys are errors.
"""

from athermal.files.document import read_document
from athermal.files.machine_file import (
    MachineFile,
    build_machine_file,
    library_machine_file,
    machine_file_of,
    parse_machine_file,
    plan_from,
    plan_of,
    read_machine_file,
)

__all__ = [
    "MachineFile",
    "build_machine_file",
    "library_machine_file",
    "machine_file_of",
    "parse_machine_file",
    "plan_from",
    "plan_of",
    "read_document",
    "read_machine_file",
]
