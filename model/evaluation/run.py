"""One evaluation from folder to report: tune, reconstruct, score, choose what to show, say what the studies are."""

from __future__ import annotations

import datetime
import importlib.metadata
import platform
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from pydantic import JsonValue

from model.classical.osem import OsemSettings
from model.classical.tuning import tune_osem
from model.errors import ModelError
from model.evaluation.cases import CaseScores, case_names, evaluate_cases
from model.evaluation.detection import MIN_NORMALS
from model.evaluation.summary import MethodSummary, summarise
from model.io.study import StudyHeader, read_study, read_study_header
from model.machine import processor
from model.methods import Method, NetworkMethod, resolve_method
from model.report.content import ReportInput, Shown
from model.sentences import counted

CLASSICAL_OSEM = "osem"
MAX_TUNING_STUDIES = 12
Stage = Callable[[str, float], None]


@dataclass(frozen=True, eq=False)
class Evaluated:
    """What came out of one evaluation."""

    report: ReportInput
    summaries: dict[str, MethodSummary]
    cases: list[CaseScores]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values: machine, methods, figures, every case."""
        given = self.report
        return {
            "machine": given.machine,
            "version": given.version,
            "created_at": given.created_at,
            "against": given.against,
            "methods": {name: dict(described) for name, described in given.methods.items()},
            "summary": {name: summary.to_dict() for name, summary in self.summaries.items()},
            "studies": len(self.cases),
            "failures": sum(len(case.failures) for case in self.cases),
            "cases": [case.to_dict() for case in self.cases],
        }


@dataclass(eq=False)
class EvaluationRun:
    """An evaluation of `methods` on study files.

    Parameters
    ----------
    files : sequence of Path
    methods : sequence of str
        As `model.methods.resolve_method` reads them.
    against : str, optional
        The method that the others are compared with: ``osem`` where it is among them, else the first.
    tune_on : sequence of Path
        Studies that OSEM's iterations and post-filter are chosen on, and whose normals give the limits of detection.
    workers : int
    on_stage : callable
        Hears what is being done and the share of it that is done.
    titles : mapping of method to str
        What methods are called in the report instead of by their own names.
    folder : Path, optional
        Studies are called by their paths below it; by default below the folder that all of them share.
    """

    files: Sequence[Path]
    methods: Sequence[str]
    against: str | None = None
    tune_on: Sequence[Path] = ()
    workers: int = 1
    on_stage: Stage = field(default=lambda name, share: None)
    titles: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None

    def run(self, title: str = "Reconstruction methods compared") -> Evaluated:
        """Do all of it.

        Raises
        ------
        ModelError
            ``evaluation.*`` for what cannot be evaluated; whatever `resolve_method` raises.
        """
        headers = self._headers()
        methods, called = self._resolved()
        against = self.against or (CLASSICAL_OSEM if CLASSICAL_OSEM in methods else next(iter(methods)))
        against = against if against in methods else called.get(against, against)
        if against not in methods:
            message = f"the others are to be compared with {against}, which is not among {', '.join(methods)}"
            raise ModelError(
                code="evaluation.unknown_reference", message=message, remedy="Name it among the methods too."
            )
        cases = evaluate_cases(
            self.files,
            methods,
            names=case_names(self.files, self.folder),
            workers=self.workers,
            on_progress=lambda share: self.on_stage("reconstructing", share),
        )
        if not any(case.methods for case in cases):
            first = next(text for case in cases for text in case.failures.values())
            message = f"none of the {len(cases)} studies could be reconstructed by any method; the first: {first}"
            raise ModelError(code="evaluation.nothing_scored", message=message)
        normals = self._normals(methods)
        summaries = summarise(cases, methods, against, normals=normals)
        report = ReportInput(
            title=title,
            created_at=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
            machine=machine(),
            version=importlib.metadata.version("flomir"),
            cases=cases,
            summaries=summaries,
            methods={name: method.describe() for name, method in methods.items()},
            against=against,
            studies=described(headers),
            shown=self._shown(cases, methods, against),
            normals=len(normals),
            learned=learned_from(methods, headers),
        )
        return Evaluated(report, summaries, cases)

    def _headers(self) -> list[StudyHeader]:
        headers: list[StudyHeader] = []
        unread: list[tuple[str, ModelError | OSError]] = []
        for path in self.files:
            try:
                headers.append(read_study_header(path))
            except (ModelError, OSError) as error:
                unread.append((path.name, error))  # listed among the failures when it is read whole
        if not headers:
            name, why = unread[0]
            message = f"{counted(len(unread), 'study', 'studies')} cannot be read; {name}: {why}"
            raise ModelError(code="evaluation.unreadable", message=message, remedy=getattr(why, "remedy", ""))
        if not any(header.has_reference for header in headers):
            message = f"none of the {len(self.files)} studies has a reference image to compare with"
            raise ModelError(
                code="evaluation.no_reference",
                message=message,
                remedy="Evaluate on studies with a reference or a truth.",
            )
        return headers

    def _resolved(self) -> tuple[dict[str, Method], dict[str, str]]:
        """Return the methods by the names that they are called by, and these names by the words that asked for them."""
        settings = self._tuned()
        resolved: dict[str, Method] = {}
        called: dict[str, str] = {}
        for text in self.methods:
            method = resolve_method(text, osem=settings if text == CLASSICAL_OSEM else None)
            name = self.titles.get(text, method.name)
            name = name if name not in resolved else text
            resolved[name] = method
            called.setdefault(text, name)
        return resolved, called

    def _tuned(self) -> OsemSettings | None:
        if not self.tune_on or CLASSICAL_OSEM not in self.methods:
            return None
        self.on_stage("tuning OSEM", 0.0)
        studies = [read_study(path) for path in self.tune_on[:MAX_TUNING_STUDIES]]
        found = tune_osem(
            studies, iterations=(2, 4, 6, 8, 10, 12, 16, 20, 24), fwhm_mm=(0.0, 4.0, 6.0, 8.0, 10.0, 12.0)
        )
        self.on_stage("tuning OSEM", 1.0)
        return found

    def _normals(self, methods: Mapping[str, Method]) -> list[CaseScores]:
        files = [path for path in self.tune_on if _is_normal(path)]
        if len(files) < MIN_NORMALS:
            return []
        return evaluate_cases(
            files, methods, workers=self.workers, on_progress=lambda share: self.on_stage("reading normals", share)
        )

    def _shown(self, cases: Sequence[CaseScores], methods: Mapping[str, Method], against: str) -> list[Shown]:
        first = next((name for name in methods if name != against), against)
        shown = []
        for number, why in chosen(cases, first).items():
            study, case = read_study(self.files[number]), cases[number]
            shown.append(Shown(case, why, study, {m: methods[m](study) for m in methods if m in case.methods}))
            self.on_stage("drawing", len(shown) / 3)
        return shown


def chosen(cases: Sequence[CaseScores], method: str) -> dict[int, str]:
    """Return the places of the studies to show, and why: the middle and the worst by the body's error, the worst defect."""
    ranked = sorted(
        (value, i) for i, case in enumerate(cases) if (value := case.value(method, "nrmse_body")) is not None
    )
    if not ranked:
        return {}
    reasons = [(ranked[len(ranked) // 2][1], f"the middle of {len(ranked)} by the error of {method} in the body")]
    if len(ranked) > 1:
        reasons.append((ranked[-1][1], f"the largest error of {method} in the body"))
    defects = [(v, i) for i, case in enumerate(cases) if (v := case.value(method, "contrast_error")) is not None]
    if defects:
        reasons.append((max(defects)[1], f"the defect that {method} shows least truly"))
    found: dict[int, str] = {}
    for number, why in reasons:
        found[number] = f"{found[number]}, and {why}" if number in found else why
    return found


def learned_from(methods: Mapping[str, Method], headers: Sequence[StudyHeader]) -> list[str]:
    """Return a sentence for each network whose card names a scenario and seed that some of the studies are of."""
    here = Counter((header.provenance.get("scenario"), header.provenance.get("seed")) for header in headers)
    said = []
    for name, method in methods.items():
        known = _scenarios(method.card.data) if isinstance(method, NetworkMethod) else []
        for scenario, seed in [made for made in known if here[made]]:
            said.append(
                f"{name} has learned from studies of {scenario}, seed {seed}, as are {here[scenario, seed]} of these "
                f"{len(headers)}: it may look better here than on patients that it does not know. Judge it on another "
                "seed or other patients."
            )
    return said


def _scenarios(data: Mapping[str, JsonValue]) -> list[tuple[object, object]]:
    """Return (scenario, seed) of the studies that a card says it learned from; cards are free in what they say."""
    train = data.get("train")
    made = train.get("scenarios") if isinstance(train, dict) else None
    rows = [row for row in made if isinstance(row, dict)] if isinstance(made, list) else []
    return [(row["scenario"], row["seed"]) for row in rows if {"scenario", "seed"} <= row.keys()]


def described(headers: Sequence[StudyHeader]) -> list[tuple[str, str]]:
    """Return what the studies are, in words: number, origin of the truth, matrices, views, counts, defects."""
    counts = [header.total_counts / 1e6 for header in headers]
    kinds = Counter(header.reference_kind or "none" for header in headers)
    grids = Counter(
        f"{g.volume_shape[2]} x {g.volume_shape[1]} x {g.volume_shape[0]} voxels of {g.grid.voxel_mm[2]:g} mm, {g.n_views} views"
        for g in (header.geometry for header in headers)
    )
    words = {
        "phantom": "the phantom's activity (simulated studies, nothing of a patient)",
        "clinical_reconstruction": "a clinical reconstruction, itself not the truth",
        "osem_full_counts": "OSEM of the full counts, itself not the truth",
        "none": "none",
    }
    made = Counter(
        f"{p['generator']}, scenario {p['scenario']}, seed {p['seed']}"
        for p in (header.provenance for header in headers)
        if {"generator", "scenario", "seed"} <= set(p)
    )
    sick = sum(bool(header.defects) for header in headers)
    rows = [
        ("Number", f"{len(headers)}, of which {sick} with a perfusion defect"),
        ("Truth", "; ".join(f"{words[kind]} ({number})" for kind, number in kinds.items())),
        ("Grid", "; ".join(f"{text} ({number})" for text, number in grids.items())),
        ("Counts", f"{min(counts):.2f} to {max(counts):.2f} million in the photopeak"),
    ]
    if made:
        rows.insert(2, ("Simulated by", "; ".join(f"{text} ({number})" for text, number in made.items())))
    return rows


def machine() -> str:
    """Return processor, cores, Python and torch, without the machine's name."""
    cores = torch.multiprocessing.cpu_count()
    return f"{processor()}, {cores} cores, Python {platform.python_version()}, torch {torch.__version__}"


def _is_normal(path: Path) -> bool:
    try:
        header = read_study_header(path)
    except (ModelError, OSError):
        return False
    return header.has_truth and header.has_reference and not header.defects
