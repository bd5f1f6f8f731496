"""Aggregation strategies behind one protocol; one module each."""
