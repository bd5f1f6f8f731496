"""Child processes: spawned, watched, restarted and ended."""
