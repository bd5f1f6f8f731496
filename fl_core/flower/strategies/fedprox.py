"""FedProx: FedAvg at the server, and a proximal term in every site's loss.

Source: Li et al., MLSys 2020, equation 2: ``min_w F_k(w) + mu/2 ||w - w_t||^2``.
"""

from fl_core.flower.strategies.fedavg import FedAvg


class FedProx(FedAvg):
    """Tells the sites `proximal_mu`; `fl_core.flower.proximal` applies it there."""

    def __init__(self, proximal_mu: float) -> None:
        super().__init__()
        self._proximal_mu = proximal_mu

    def configure(self, round_number: int) -> dict[str, float]:
        """Begin a round with the proximal coefficient."""
        return {**super().configure(round_number), "proximal_mu": self._proximal_mu}
