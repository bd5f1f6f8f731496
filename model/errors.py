# ruff: noqa: N818 (the names say what is wrong; the suffix would say it twice)
"""The errors the model package raises, each with a code that never changes its meaning.

`str(error)` is the sentence for a person; `code` is for programs and for the catalogue that maps it to a status
and an advice. Messages hold both numbers: what was found and what was expected. Torch-free.
"""

NO_SUCH = "there is no such file or folder"
"""Begins the sentence of a FileNotFoundError for a path that was named."""


def remedy_of_missing(error: FileNotFoundError) -> str:
    """Return what to do where a path that was named, or a file that another one names, is not there."""
    return "Check the path." if str(error).startswith(NO_SUCH) else "Check that all its files are there."


class ModelError(Exception):
    """An expected failure of the model side.

    Parameters
    ----------
    code : str
        Dotted and stable, e.g. ``study.negative_counts``.
    message : str
        One sentence with both numbers; no patient data, no paths under a data root.
    remedy : str, optional
        What to do next, as a sentence.
    """

    def __init__(self, code: str, message: str, remedy: str = "") -> None:
        self.code = code
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return self.message


class GeometryInvalid(ModelError):
    """A geometry that no camera can have: a negative radius, no views, a NaN."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__("model.geometry_invalid", message, remedy)


class UnknownFields(GeometryInvalid):
    """A geometry with other fields than it should have; the message names them, so a reader of files does not repeat it."""


class GeometryMismatch(ModelError):
    """Two things that must fit do not: the message names both sizes."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__("model.geometry_mismatch", message, remedy)


class StudyFormatError(ModelError):
    """A study or projection file that breaks its format; codes begin with ``study.`` or ``interfile.``."""


WEIGHTS_REMEDIES = {
    "weights.unreadable": "Check the path and its permissions.",
    "weights.not_safetensors": "Name a model that `flomir train` or a laboratory has written (.safetensors).",
    "weights.truncated": "Copy the file again from its source.",
    "weights.hash": "Copy both files again, weights and card, from the same source.",
    "weights.card_missing": "A card (.json) of the same name belongs beside the weights; bring it along.",
    "weights.card_invalid": "Copy the card again from its source.",
}


class WeightsError(ModelError):
    """A weights file or model card that cannot be used; codes begin with ``weights.``."""

    def __init__(self, code: str, message: str, remedy: str = "") -> None:
        super().__init__(code, message, remedy or WEIGHTS_REMEDIES.get(code, ""))


class SampleInvalid(ModelError):
    """A file that a task cannot learn from; codes begin with ``sample.``."""


class TrainingDiverged(ModelError):
    """Training left the finite numbers; nothing of it is kept."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__("model.training_diverged", message, remedy)


class DicomError(ModelError):
    """A DICOM file that cannot be used; codes begin with ``dicom.``, messages name elements and never hold their text."""


class QuantificationError(ModelError):
    """An image that cannot become Bq/ml; codes begin with ``quantification.``."""
