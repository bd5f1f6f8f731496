"""What phantoms made by others have in common: resampling, a fitted heart, organs by label."""
