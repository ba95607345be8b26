"""Many runs: sweeps, and what is read from them."""
