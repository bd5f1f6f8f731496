"""Score methods against the truth: image errors, wall segments, defects, observers, and the statistics over cases."""
