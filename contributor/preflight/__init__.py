"""Checks, before and after joining, whether a computer can take part and where the way to the laboratory is broken."""
