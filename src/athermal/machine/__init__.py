"""What a machine is: parts, couplings, drives, initial states. No time evolution."""
