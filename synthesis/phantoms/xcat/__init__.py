"""Phantoms of the user's own licensed XCAT program: keys, parameter file, run, and what it writes."""
