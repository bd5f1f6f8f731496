"""Everything that a report says, before it becomes a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from model.classical.osem import Volume
from model.evaluation.cases import CaseScores
from model.evaluation.summary import MethodSummary
from model.io.study_records import Study


@dataclass(frozen=True, eq=False)
class Shown:
    """A study whose images the report shows, and why this one."""

    case: CaseScores
    why: str
    study: Study
    images: Mapping[str, Volume]


@dataclass(frozen=True, eq=False)
class ReportInput:
    """Everything the report says.

    Parameters
    ----------
    title, created_at, machine, version : str
    cases : sequence of CaseScores
    summaries : dict of method to MethodSummary
        In the order of the tables.
    methods : dict of method to its `describe()`
    against : str
        The method that the others are compared with.
    studies : sequence of (name, value)
        What was reconstructed, in words.
    shown : sequence of Shown
    normals : int
        Normal studies that the limits of detection were learned from.
    learned : sequence of str
        A sentence about each network that has learned from studies of the same scenario and seed as some of these.
    """

    title: str
    created_at: str
    machine: str
    version: str
    cases: Sequence[CaseScores]
    summaries: Mapping[str, MethodSummary]
    methods: Mapping[str, Mapping[str, JsonValue]]
    against: str
    studies: Sequence[tuple[str, str]]
    shown: Sequence[Shown]
    normals: int
    learned: Sequence[str] = ()
