"""The tests; a package, so that `python -m tests...` finds it before a dependency's folder of the same name."""
