"""The command line of `model`: import, quality, train, reconstruct, evaluate, models."""
