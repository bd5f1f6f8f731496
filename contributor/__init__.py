"""The daemon of a hospital: studies, consent, training, results."""
