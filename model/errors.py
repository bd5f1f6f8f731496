# ruff: noqa: N818 (the names say what is wrong; the suffix would say it twice)
"""The errors the model package raises, each with a code that never changes its meaning.

`str(error)` is the sentence for a person; `code` is for programs and for the catalogue that maps it to a status
and an advice. Messages hold both numbers: what was found and what was expected. Torch-free.
"""


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


class GeometryMismatch(ModelError):
    """Two things that must fit do not: the message names both sizes."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__("model.geometry_mismatch", message, remedy)


class StudyFormatError(ModelError):
    """A study or projection file that breaks its format; codes begin with ``study.`` or ``interfile.``."""


class WeightsError(ModelError):
    """A weights file or model card that cannot be used; codes begin with ``weights.``."""


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
