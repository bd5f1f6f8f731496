"""Monte Carlo with GATE 10 (extra ``gate``): one child process a source, view and mode; finished runs are kept.

Only the child processes import `opengate`; everything else is light.
"""

from synthesis.simulation.gate.simulator import GateSimulator

__all__ = ["GateSimulator"]
