"""Arrays in, arrays out: symplectic algebra, Gaussian states, information measures, propagation."""
