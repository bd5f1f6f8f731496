"""Train on one computer: data, targets, loss, the epoch loop, checkpoints and the card."""
