"""Synthetic SPECT studies: phantoms, simulation, noise, execution."""
