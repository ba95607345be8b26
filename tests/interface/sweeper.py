"""A sweep to be killed: `python sweeper.py STORE LOG WORKERS`. It logs every run of a point, and says how it ended."""

import os
import signal
import sys
import time
import traceback
from pathlib import Path

import athermal as at

OVER = {"T_hot": [1.5 + 0.1 * k for k in range(12)], "squeezing": [0.0, 0.01, 0.02, 0.03]}
INTERRUPTED, UNEQUAL = 4, 5


def machine(T_hot, squeezing):
    # The parent asks for the machines of some points too; only those that are run count.
    if any(frame.name == "execute" for frame in traceback.extract_stack()):
        with Path(os.environ["SWEEPER_LOG"]).open("a") as log:
            log.write(f"{T_hot!r} {squeezing!r}\n")
        time.sleep(float(os.environ.get("SWEEPER_DELAY", "0.02")))
    return at.library.two_oscillator(T_hot=T_hot, squeezing=squeezing, modes=2)


def dying(folder, *, times):
    """A machine function that kills its worker at T_hot = 2, and logs what else is run."""
    parent = os.getpid()

    def machine(T_hot):
        if os.getpid() != parent:
            with (folder / "log").open("a") as log:
                log.write(f"{T_hot}\n")
            if T_hot == 2.0 and (folder / "log").read_text().split().count("2.0") <= times:
                os.kill(os.getpid(), signal.SIGKILL)
        return at.library.two_oscillator(T_hot=T_hot, modes=2)

    return machine


def main():
    # A shell starts background jobs with SIGINT ignored, and children inherit it: this one heeds it as at a terminal.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    store, os.environ["SWEEPER_LOG"], workers = sys.argv[1:]
    try:
        result = at.sweep(machine, OVER, cycles=1, store=store, workers=int(workers))
    except at.errors.StudyInterrupted as interrupted:
        sys.stdout.write(f"{interrupted}\n")
        kept = at.load(store).dataset
        sys.exit(INTERRUPTED if interrupted.result.dataset.identical(kept) else UNEQUAL)
    sys.exit(0 if result.is_complete and result.dataset.identical(at.load(store).dataset) else UNEQUAL)


if __name__ == "__main__":
    main()
