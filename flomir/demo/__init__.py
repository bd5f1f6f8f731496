"""The demonstration: one orchestrator, several contributors, one federated training, one report."""
