"""Quality control of a SPECT study: what is wrong with it, in plain sentences with numbers and a picture. Torch-free."""

from model.quality.check import check_file, check_study
from model.quality.report import Finding, Level, Picture, QualityReport

__all__ = ["Finding", "Level", "Picture", "QualityReport", "check_file", "check_study"]
