# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""The files that a run leaves under its name, and what of others' must not be lost to them."""

from collections.abc import Iterable
from pathlib import Path

from model.errors import ModelError
from model.io.atomic import why_not

LAST = ".last"
"""Before the suffix of the file of the last weights, where they are not the best ones."""
REPLACE = "Choose another name with --out, or replace it with --force."


def last_of(out: Path) -> Path:
    """Return where the weights of the last step go."""
    return out.with_name(f"{out.stem}{LAST}{out.suffix}")


def check_outputs(out: Path, *, network_file: Path | None, init: Path | None, may_replace: bool) -> None:
    """Refuse a name under which the run would overwrite or remove what is not its own.

    Parameters
    ----------
    out : Path
        Where the best weights go.
    network_file, init : Path, optional
        What the run reads; never replaced, but the first weights where they lie at `out` itself.
    may_replace : bool
        Whether what an earlier run left there may go.

    Raises
    ------
    ModelError
        ``training.out``.
    """
    card, last = out.with_suffix(".json"), last_of(out)
    beside = (card, last, last.with_suffix(".json"))
    if network_file is not None and _is_among(network_file, beside):
        message = f"the configuration {network_file.name} lies where a card of this run would go"
        raise ModelError("training.out", message, "Choose another name with --out.")
    if init is not None and _is_among(init, beside):
        message = f"the first weights {init.name} lie where the last weights of this run would go"
        raise ModelError("training.out", message, "Choose another name with --out.")
    taken = next((path for path in (out, *beside) if path.exists()), None)
    if taken is not None and not may_replace:
        raise ModelError("training.out", f"{taken.name} is there already", REPLACE)
    if reason := why_not(out):
        message = f"{out.name} cannot be written: {reason}"
        raise ModelError("training.out", message, "Choose another place with --out.")


def remove_last_of_former_run(out: Path) -> None:
    """Remove what an earlier run of this name left beside its weights; with the new ones it would be taken for theirs."""
    weights = last_of(out)
    for path in (weights, weights.with_suffix(".json")):
        path.unlink(missing_ok=True)


def _is_among(path: Path, others: Iterable[Path]) -> bool:
    return path.resolve() in {other.resolve() for other in others}
