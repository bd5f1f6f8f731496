"""Physics and learning of SPECT reconstruction: geometry, projector, networks, training."""
