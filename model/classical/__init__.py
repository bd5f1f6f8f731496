"""Reconstruct without learning: FBP, MLEM, OSEM, MAP-OSEM, and the choice of their settings."""
