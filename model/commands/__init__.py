"""The command line of `model`: train, reconstruct, evaluate, models."""
