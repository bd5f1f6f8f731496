"""Monte Carlo with GATE 10: one child process a source, view and mode; results kept in a folder."""
