"""Shortens flwr's waits where it has no setting for them; each change is pinned by a contract test on flwr 1.41.0.

`flwr.supercore.inflatable.inflatable_utils` waits 1 s, doubling to 10 s, for an object that is still being uploaded.
The values are default arguments, bound when the module was imported, so the defaults themselves are replaced.
"""

from types import FunctionType

FIRST_WAIT_S = 0.05
LONGEST_WAIT_S = 1.0


def shorten_object_waits() -> list[str]:
    """Replace the default waits of every function that has them and return the functions' names."""
    from flwr.supercore.inflatable import inflatable_utils

    changed = []
    for name, function in vars(inflatable_utils).items():
        defaults = function.__kwdefaults__ if isinstance(function, FunctionType) else None
        if defaults and "initial_backoff" in defaults:
            function.__kwdefaults__ = {**defaults, "initial_backoff": FIRST_WAIT_S, "backoff_cap": LONGEST_WAIT_S}
            changed.append(name)
    return sorted(changed)
