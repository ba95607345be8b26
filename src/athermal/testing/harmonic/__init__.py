"""Machines of oscillators and harmonic baths, computed by hand, and random ones."""
