"""The demonstration from start to report, in stages with progress."""

import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from fl_core.strategy_spec import strategy_spec
from flomir.daemon_process import DaemonError
from flomir.demo import federation as fed
from flomir.demo import report
from flomir.demo.baselines import BaselinePlan, train_baselines
from flomir.demo.data import DemoData, make_data, study_files
from flomir.demo.evaluation import METRICS, Cases, Comparison, choose_osem, compare, evaluate_methods, means
from flomir.demo.settings import DemoSettings
from model.checkpoint import load_weights
from model.classical.osem import OsemSettings, reconstruct_osem
from model.inference import reconstruct
from model.io.study import Study, read_study
from model.networks.inputs import ReconstructionNetwork
from model.tasks import load_task

WORKERS = 2
Say = Callable[[str, float], None]
"""(what is going on, fraction 0..1): called often, from the main thread."""
JsonObject = dict[str, object]


@dataclass(slots=True)
class Demo:
    """A demonstration that has begun: its daemons, its data and the clock of its stages."""

    settings: DemoSettings
    federation: fed.Federation
    say: Say
    stages: dict[str, float]
    started: float

    @contextmanager
    def stage(self, name: str) -> Iterator[Callable[[float], None]]:
        """Time a stage and announce it."""
        begin = time.monotonic()
        self.say(name, 0.0)
        yield lambda fraction: self.say(name, fraction)
        self.say(name, 1.0)
        self.stages[name] = time.monotonic() - begin


def begin(settings: DemoSettings, say: Say) -> Demo:
    """Launch the daemons (they start while the data are made)."""
    settings.workdir.mkdir(parents=True, exist_ok=True)
    return Demo(settings, fed.launch(settings), say, {}, time.monotonic())


def run(demo: Demo) -> JsonObject:
    """Make data, train federated and alone, evaluate, write the report; returns the JSON result."""
    settings = demo.settings
    torch.set_num_threads(1)  # beside its own daemons, threads that wait for each other take many times as long
    with demo.stage("Synthesising studies") as progress:
        data = make_data(settings, progress)
    with demo.stage("Enrolling the sites"):
        site_ids = _enrol(demo)
    with demo.stage("Adding studies"):
        with ThreadPoolExecutor(settings.contributors) as pool:  # each hospital is a computer of its own
            counts = list(pool.map(fed.add_studies, demo.federation.sites, data.train))
        fed.wait_for_summaries(demo.federation.orchestrator, list(zip(site_ids, counts, strict=True)))
    with demo.stage("Training together") as progress:
        session = _train_together(demo, site_ids, progress)
    models = _models(demo, session)
    with demo.stage("Training alone and in one place") as progress:
        weights = _train_alone(settings, data, models, progress)
    with demo.stage("Choosing OSEM's settings"):
        osem = choose_osem(data.validation_files(), WORKERS)
    with demo.stage("Evaluating on the pooled hold-out") as progress:
        networks = {name: (models.network, path) for name, path in weights.items()}
        cases = evaluate_methods(data.holdout_files(), networks, osem, WORKERS, progress)
    comparisons = [compare(name, cases["federated"], cases[name], settings.seed) for name in _single_names(settings)]
    result = _result(demo, session, cases, osem, comparisons)
    with demo.stage("Writing the report"):
        page = _report(settings, session, cases, comparisons, osem, data, models, weights)
        path = settings.workdir / "report.html"
        path.write_text(page, encoding="utf-8")
        (settings.workdir / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
        (settings.workdir / "stages.json").write_text(json.dumps(demo.stages), encoding="utf-8")
    return result | {"wall_s": round(time.monotonic() - demo.started, 1), "report": str(path)}


def _enrol(demo: Demo) -> list[str]:
    for daemon in (demo.federation.orchestrator, *demo.federation.sites):
        daemon.wait_ready()
    return fed.enrol(demo.federation, demo.settings)


def _train_together(demo: Demo, site_ids: Sequence[str], progress: Callable[[float], None]) -> JsonObject:
    orchestrator = demo.federation.orchestrator
    session_id = fed.offer_session(orchestrator, demo.settings, site_ids, "Cardiac SPECT, four hospitals")
    for site in demo.federation.sites:
        fed.agree(site, session_id)

    def on_view(view: JsonObject) -> None:
        progress(len(_closed_rounds(view)) / demo.settings.rounds)

    return fed.follow(orchestrator, session_id, on_view)


@dataclass(frozen=True, slots=True)
class _Models:
    """The session's own models as files, and the network they share."""

    network: dict[str, object]
    parameters: dict[str, object]
    initial: Path
    federated: Path


def _models(demo: Demo, session: JsonObject) -> _Models:
    orchestrator, folder = demo.federation.orchestrator, demo.settings.workdir / "models"
    initial_id, latest_id = str(session["initial_model_id"]), session["latest_model_id"]
    if latest_id is None:
        message = f"the session ended as {session['state']!r} without a closed round: {session['reason_text']}"
        raise DaemonError(message)
    card = orchestrator.call("GET", f"/models/{initial_id}")["card"]
    parameters = session["task_parameters"]
    if not isinstance(card, dict) or not isinstance(parameters, dict):
        message = "the session's model has no card"
        raise DaemonError(message)
    return _Models(
        dict(card["network"]),
        dict(parameters),
        fed.download_model(orchestrator, initial_id, folder / "initial.safetensors"),
        fed.download_model(orchestrator, str(latest_id), folder / "federated.safetensors"),
    )


def _single_names(settings: DemoSettings) -> list[str]:
    return [settings.site_name(index) for index in range(settings.contributors)]


def _train_alone(
    settings: DemoSettings, data: DemoData, models: _Models, progress: Callable[[float], None]
) -> dict[str, Path]:
    folders = [tuple(study_files(folder)) for folder in data.train]
    groups = {name: (files,) for name, files in zip(_single_names(settings), folders, strict=True)}
    out = settings.workdir / "models"
    plans = [
        BaselinePlan(
            name, files, models.initial, models.network, settings.rounds, models.parameters, out / f"{slot}.safetensors"
        )
        for slot, (name, files) in enumerate({**groups, "central": tuple(folders)}.items())
    ]
    finished: list[str] = []

    def on_done(name: str) -> None:
        finished.append(name)
        progress(len(finished) / len(plans))

    paths = train_baselines(plans, WORKERS, on_done)
    return {"federated": models.federated, **{plan.name: path for plan, path in zip(plans, paths, strict=True)}}


def _closed_rounds(session: JsonObject) -> list[JsonObject]:
    rounds = session["rounds"]
    if not isinstance(rounds, list):
        return []
    return [row["record"] for row in rounds if isinstance(row, dict) and isinstance(row["record"], dict)]


def overheads(session: JsonObject) -> list[float]:
    """Return, per closed round, push to checkpoint minus the slowest site's own training and scoring time."""
    return [float(str(record["overhead_s"])) for record in _closed_rounds(session)]


def _result(
    demo: Demo, session: JsonObject, cases: Cases, osem: OsemSettings, comparisons: Sequence[Comparison]
) -> JsonObject:
    rounds = overheads(session)
    singles = [means(cases[name]) for name in _single_names(demo.settings)]
    return {
        "rounds_planned": demo.settings.rounds,
        "rounds_completed": len(rounds),
        "sites": demo.settings.contributors,
        "wall_s": 0.0,
        "round_overhead_s": round(statistics.median(rounds), 3) if rounds else None,
        "metrics": {
            "federated": means(cases["federated"]),
            "central": means(cases["central"]),
            "osem": means(cases["osem"]),
            "single_sites": singles,
            "osem_settings": asdict(osem),
        },
        "vs_each_single": [
            {"ratio": row.ratio, "ci95": list(row.ci95), "defect_contrast_diff": row.defect_contrast_diff}
            for row in comparisons
        ],
        "report": "",
    }


def _report(
    settings: DemoSettings,
    session: JsonObject,
    cases: Cases,
    comparisons: Sequence[Comparison],
    osem: OsemSettings,
    data: DemoData,
    models: _Models,
    weights: Mapping[str, Path],
) -> str:
    records = _closed_rounds(session)
    intro = (
        f"<p>{settings.contributors} sites, {settings.studies} simulated studies each, {settings.rounds} rounds, local "
        f"epochs a round: {settings.local_epochs}, strategy {strategy_spec(settings.strategy).title}, seed {settings.seed}. "
        f"All data are simulated; the pooled hold-out has {len(cases['federated'])} studies that no model has seen.</p>"
    )
    return report.page(
        "FLoMIR demonstration",
        [
            intro,
            report.section("Methods on the pooled hold-out", _methods_table(cases), _osem_words(osem)),
            report.section("Federated against each single site", _pairs_table(comparisons), "Mean paired ratio of body NRMSE; below 1 the federated model is better. 95 % bootstrap interval over cases."),
            report.section("Rounds", _round_curves(session, records) + _round_table(records)),
            report.section("Three hold-out studies", _pictures(data, models, weights, osem), "Transverse slice through the heart, patient's right on the left. Darker is more uptake; one scale a row."),
        ],
    )  # fmt: skip


def _methods_table(cases: Cases) -> str:
    titles = {"federated": "Federated", "central": "All data in one place", "osem": "OSEM, tuned"}
    order = [*titles, *(name for name in cases if name not in titles)]
    rows = [
        [titles.get(name, f"{name} alone"), *(report.number(means(cases[name])[key]) for key in METRICS)]
        for name in order
    ]
    return report.table(["Method", "NRMSE body", "NRMSE heart", "SSIM heart", "Defect contrast"], rows, ours=0)


def _osem_words(osem: OsemSettings) -> str:
    modelled = [name for name in ("attenuation", "resolution", "scatter") if getattr(osem, name)]
    return (
        f"OSEM was tuned on validation data: {osem.iterations} iterations of {osem.subsets} subsets, Gaussian filter of "
        f"{osem.postfilter_fwhm_mm:g} mm, {', '.join(modelled)} modelled. Defect contrast is 1 when the true contrast is "
        "recovered. The network trained on all data in one place took as many steps as the four sites together."
    )


def _pairs_table(comparisons: Sequence[Comparison]) -> str:
    rows = [
        [
            row.name,
            f"{row.ratio:.3f}",
            f"{row.ci95[0]:.3f} to {row.ci95[1]:.3f}",
            report.number(row.defect_contrast_diff, 3),
        ]
        for row in comparisons
    ]
    return report.table(["Against", "Ratio", "95 % interval", "Defect contrast, difference"], rows)


def _round_curves(session: JsonObject, records: Sequence[JsonObject]) -> str:
    rows = sorted(_objects(session["participations"]), key=lambda row: str(row["site_name"]))
    names = {str(row["site_id"]): str(row["site_name"]) for row in rows}
    lines: dict[str, list[float]] = {name: [] for name in names.values()}
    for record in records:
        for update in _objects(record["updates"]):
            metrics = update["metrics"]
            loss = metrics.get("train_loss") if isinstance(metrics, dict) else None
            if loss is not None:
                lines[names[str(update["site_id"])]].append(float(loss))
    return report.curves(lines, "Training loss of each site by round")


def _round_table(records: Sequence[JsonObject]) -> str:
    keys = ("push_s", "wait_s", "aggregate_s", "checkpoint_s", "total_s", "overhead_s")
    rows = [
        [
            str(record["round"]),
            str(len(_objects(record["updates"]))),
            *(f"{float(str(record[key])):.2f}" for key in keys),
        ]
        for record in records
    ]
    return report.table(["Round", "Updates", "Push s", "Wait s", "Combine s", "Save s", "Total s", "Overhead s"], rows)


def _objects(value: object) -> list[JsonObject]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list | tuple) else []


def _heart_plane(study: Study) -> int:
    """Return the axial plane with most of the left ventricular wall."""
    if study.labels is None:
        return study.geometry.volume_shape[0] // 2
    return int((study.labels == study.label_codes["myocardium"]).sum(axis=(1, 2)).argmax())


def _pictures(data: DemoData, models: _Models, weights: Mapping[str, Path], osem: OsemSettings) -> str:
    task = load_task(fed.TASK)
    network = task.build_network(models.network)
    load_weights(weights["federated"], network)
    network.eval()
    rows = []
    for folder in data.holdout[:3]:
        path = study_files(folder)[0]
        study = read_study(path)
        if study.reference is None:
            continue
        assert isinstance(network, ReconstructionNetwork)  # noqa: S101 - narrowing: the task has no other kind
        estimate = reconstruct(study, network)
        plane, maximum = _heart_plane(study), float(np.percentile(study.reference[_heart_plane(study)], 99.5))
        pictures = {"Truth": study.reference, "Federated model": estimate, "Tuned OSEM": reconstruct_osem(study, osem)}
        rows.append(
            "".join(
                report.slice_picture(np.asarray(volume, dtype=np.float32), plane, maximum, name)
                for name, volume in pictures.items()
            )
        )
    return "".join(f'<div class="grid">{row}</div>' for row in rows)
