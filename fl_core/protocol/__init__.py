"""The wire between orchestrator and contributors: identifiers, messages, signatures, versions."""
