"""The sections of a scenario, each with its limits: what a TOML file may say and what it means."""
