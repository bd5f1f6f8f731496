"""Evaluations: every method on every case, no failure ends the run, figures and report say what happened."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from pydantic import JsonValue

from model.classical.osem import OsemSettings, Volume
from model.commands.evaluate import evaluate
from model.commands.reconstruct import reconstruct
from model.errors import ModelError
from model.evaluation.cases import CaseScores, case_names, evaluate_cases, in_parallel, places_of, score_case
from model.evaluation.detection import MIN_NORMALS
from model.evaluation.metrics import case_metrics
from model.evaluation.observer import Place
from model.evaluation.run import EvaluationRun, chosen
from model.evaluation.summary import by_counts, summarise
from model.io.study import Study, read_study, write_study
from model.io.weights import save_card
from model.report import charts, pictures
from model.report.words import in_short
from tests.support.shipped import ship
from tests.support.studies import tiny_study, write_tiny_studies, write_tiny_study


def truth(study: Study) -> Volume:
    assert study.reference is not None
    return study.reference


def brighter(study: Study) -> Volume:
    return np.asarray(truth(study) * np.float32(1.1))


def failing(study: Study) -> Volume:
    message = f"no memory for {study.projections.size} bins"
    raise MemoryError(message)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_tiny_studies(tmp_path_factory.mktemp("data"), 3)


@pytest.fixture(scope="module")
def cases(files: list[Path]) -> list[CaseScores]:
    return evaluate_cases(files, {"truth": truth, "brighter": brighter, "failing": failing})


def test_every_method_is_scored_on_every_case(cases: list[CaseScores], files: list[Path]) -> None:
    assert [case.name for case in cases] == [path.stem for path in files]
    for case in cases:
        assert case.value("truth", "nrmse_body") == 0
        assert case.value("brighter", "nrmse_body") == pytest.approx(0.1, rel=1e-5)
        assert case.value("brighter", "myocardial_bias") == pytest.approx(0.1, rel=1e-5)
        assert case.value("brighter", "polar_rms") == pytest.approx(0, abs=1e-4)  # a polar map has no unit
        assert (case.value("truth", "deviance") or 9) < (case.value("brighter", "deviance") or 0)


def test_a_failing_method_and_a_broken_file_end_nothing_and_are_reported(
    cases: list[CaseScores], files: list[Path], tmp_path: Path
) -> None:
    assert all("MemoryError" in case.failures["failing"] for case in cases)
    broken = tmp_path / "broken.h5"
    broken.write_bytes(files[0].read_bytes()[:2000])
    found = evaluate_cases([broken, files[0]], {"truth": truth})
    assert "" in found[0].failures
    assert found[1].value("truth", "nrmse_body") == 0


def test_scores_survive_json(cases: list[CaseScores]) -> None:
    again = CaseScores.from_dict(json.loads(json.dumps(cases[0].to_dict())))
    assert again.to_dict() == cases[0].to_dict()


def test_normals_are_looked_at_where_the_others_have_their_defects(tmp_path: Path) -> None:
    with_defect = write_tiny_studies(tmp_path, 2)
    normal = write_tiny_studies(tmp_path, 3, first_seed=10, with_defect=False)
    places = places_of([*normal, *with_defect])
    first, second = places[3], places[4]
    assert isinstance(first, Place)
    assert places[:3] == [first, second, first]


def test_figures_are_paired_with_the_named_method(cases: list[CaseScores]) -> None:
    found = summarise(cases, ["truth", "brighter"], "truth")
    assert found["truth"].differences == {}
    assert found["brighter"].means["nrmse_body"].value == pytest.approx(0.1, rel=1e-5)
    assert found["brighter"].differences["nrmse_body"].value == pytest.approx(0.1, rel=1e-5)
    assert "false_defects_per_normal" not in found["truth"].extra
    other = summarise(cases, ["truth", "brighter"], "brighter")
    assert other["truth"].ratios["nrmse_body"].value == 0


def test_with_normals_to_learn_from_invented_defects_are_counted(cases: list[CaseScores], tmp_path: Path) -> None:
    normal = write_tiny_studies(tmp_path, MIN_NORMALS, first_seed=50, with_defect=False)
    learned = evaluate_cases(normal, {"truth": truth})
    assert summarise(learned, ["truth"], "truth", normals=learned)["truth"].extra["false_defects_per_normal"].value == 0
    assert summarise(learned, ["truth"], "truth", normals=learned[1:])["truth"].extra == {}


def test_bands_of_counts_hold_every_case_once(cases: list[CaseScores]) -> None:
    spread = [replace(cases[0], counts=c) for c in (5e5, 1e6, 3e6, 4e6)]
    bands = by_counts(spread, ["truth"], "nrmse_body")
    assert [number for _, number, _ in bands] == [1, 1, 2]


def test_the_report_shows_the_middle_the_worst_and_the_worst_defect(cases: list[CaseScores]) -> None:
    found = chosen(cases, "brighter")
    assert set(found) <= set(range(len(cases)))
    assert any("largest error" in why for why in found.values())
    assert any("defect" in why for why in found.values())
    assert chosen(cases, "failing") == {}


def test_work_in_processes_gives_the_same_in_the_same_order() -> None:
    shares: list[float] = []
    assert in_parallel(abs, [-3, 1, -2], workers=2, on_progress=shares.append) == [3, 1, 2]
    assert shares == pytest.approx([1 / 3, 2 / 3, 1])


def test_a_process_that_the_system_ends_is_a_refusal_with_what_to_do() -> None:
    with pytest.raises(ModelError, match="a process ended unexpectedly after 0 of 3 studies") as died:
        in_parallel(os._exit, [3, 3, 3], workers=2)
    assert (died.value.code, died.value.remedy) == ("evaluation.process_died", "Run again with fewer --workers.")


# ---------------------------------------------------------------- command and report


class Page(HTMLParser):
    """What a browser would have to fetch, and what a screen reader would miss."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.scripts = 0
        self.silent = 0
        self.headers = 0
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.addresses += [str(given[key]) for key in ("src", "href") if key in given]
        self.scripts += tag == "script"
        self.silent += tag == "img" and not given.get("alt")
        self.silent += tag == "svg" and not given.get("aria-label")
        self.headers += tag == "th" and "scope" in given
        if tag not in ("img", "meta", "stop", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("stop", "line", "rect", "polyline"):
            while self.open and self.open[-1] in ("line", "rect", "polyline"):
                self.open.pop()
            assert self.open.pop() == tag


def run(*arguments: str | Path) -> tuple[int, str]:
    answer = CliRunner().invoke(evaluate, [str(argument) for argument in arguments])
    return answer.exit_code, answer.output


def test_the_command_writes_one_file_that_needs_nothing_else(files: list[Path], tmp_path: Path) -> None:
    code, output = run("--data", files[0].parent, "--methods", "osem,fbp", "--out", tmp_path / "r.html")
    assert code == 0, output
    assert list(tmp_path.iterdir()) == [tmp_path / "r.html"]
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    found = Page()
    found.feed(text)
    assert found.scripts == found.silent == 0
    assert found.open == []
    assert found.headers > 20
    assert all(address.startswith(("data:image/png;base64,", "#")) for address in found.addresses)
    for words in ("Its error in the body is", "simulated", "3 studies were reconstructed", "Python", "study-000"):
        assert words in text
    assert str(tmp_path) not in text


def test_a_folder_receives_figures_and_cases_too_and_json_is_one_object(files: list[Path], tmp_path: Path) -> None:
    code, output = run("--data", files[0], "--methods", "fbp", "--out", tmp_path / "out", "--json")
    assert code == 0, output
    summary = json.loads(output)
    assert summary["summary"]["fbp"]["means"]["nrmse_body"]["cases"] == 1
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"report.html", "figures.json", "cases.csv"}
    rows = (tmp_path / "out" / "cases.csv").read_text().splitlines()
    assert len(rows) == 2
    assert rows[1].startswith("study-000,fbp,")


def test_equal_file_names_of_several_sites_are_told_apart_and_the_worst_is_shown_with_its_own_image(
    tmp_path: Path,
) -> None:
    for seed, (site, counts) in enumerate({"a": 2e6, "b": 2e6, "c": 2e4}.items()):  # few counts: the largest error
        write_tiny_study(tmp_path / "data" / site / "study-000.h5", seed, counts=counts)
    code, output = run("--data", tmp_path / "data", "--methods", "fbp", "--out", tmp_path / "out")
    assert code == 0, output
    names = ["a/study-000", "b/study-000", "c/study-000"]
    assert [case["name"] for case in json.loads((tmp_path / "out" / "figures.json").read_text())["cases"]] == names
    rows = (tmp_path / "out" / "cases.csv").read_text().splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == names
    evaluation = EvaluationRun(sorted((tmp_path / "data").rglob("*.h5")), ["fbp"]).run()
    worst = next(one for one in evaluation.report.shown if "largest error" in one.why)
    assert worst.case.name == "c/study-000"
    assert worst.study.projections[0].sum() == worst.case.counts
    assert case_metrics(worst.images["fbp"], worst.study)["nrmse_body"] == worst.case.value("fbp", "nrmse_body")


def test_a_case_is_named_by_its_path_below_the_folder_and_by_no_more_of_it(tmp_path: Path) -> None:
    files = [tmp_path / "site" / "x.h5", tmp_path / "site" / "y.h5"]
    assert case_names(files) == ["x", "y"]
    assert case_names(files, tmp_path) == ["site/x", "site/y"]
    assert case_names(files[:1]) == ["x"]


def test_a_broken_study_is_listed_and_the_others_are_evaluated(files: list[Path], tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "good.h5").write_bytes(files[0].read_bytes())
    (data / "bad.h5").write_bytes(files[0].read_bytes()[:2000])
    words = ["--data", str(data), "--methods", "fbp", "--out", str(tmp_path / "r.html")]
    answer = CliRunner().invoke(evaluate, [*words, "--json"])
    assert answer.exit_code == 1
    assert json.loads(answer.stdout)["failures"] == 1
    assert "What failed" in (tmp_path / "r.html").read_text(encoding="utf-8")
    said = CliRunner().invoke(evaluate, words)
    assert said.exit_code == 1
    assert "1 reconstruction, left out of the figures and listed at the end" in said.stdout


def test_few_studies_show_no_clear_difference_and_one_has_no_interval(tmp_path: Path) -> None:
    write_tiny_studies(tmp_path / "data", 5)
    every = evaluate_cases(sorted((tmp_path / "data").glob("*.h5")), {"truth": truth, "brighter": brighter})

    def said(number: int) -> str:
        found = summarise(every[:number], ["truth", "brighter"], "truth")
        return dict(in_short(every[:number], found, "truth"))["brighter."]

    assert "no clear difference" in said(4)
    assert "no clear difference" not in said(5)
    code, output = run("--data", tmp_path / "data" / "study-000.h5", "--methods", "fbp", "--out", tmp_path / "r.html")
    assert code == 0, output
    assert "1 study was reconstructed" in output
    assert "of one study" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_a_network_judged_on_what_it_has_learned_from_is_told(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    [(weights, card)] = ship(tmp_path / "weights", "unrolled_em")
    known: dict[str, JsonValue] = {"train": {"scenarios": [{"scenario": "cardiac", "seed": 1}]}}
    save_card(weights, card.model_copy(update={"data": known}))
    study = tiny_study(0)
    for seed in (1, 1, 2):
        number = len(list(tmp_path.glob("data/*.h5")))
        made = {**study.provenance, "scenario": "cardiac", "seed": seed}
        write_study(tmp_path / "data" / f"study-{number}.h5", replace(study, provenance=made))
    words: list[str | Path] = ["--data", tmp_path / "data", "--methods", f"{weights},fbp", "--out", tmp_path / "r.html"]
    code, output = run(*words)
    assert code == 0, output
    warned = (
        f"{weights.stem} has learned from studies of cardiac, seed 1, as are 2 of these 3: it may look better here than "
        "on patients that it does not know. Judge it on another seed or other patients."
    )
    assert f"Learned from. {warned}" in output.replace("\n", " ")
    assert warned in (tmp_path / "r.html").read_text(encoding="utf-8")
    (tmp_path / "data" / "study-0.h5").unlink()
    (tmp_path / "data" / "study-1.h5").unlink()
    assert "Learned from" not in run(*words)[1]


def test_other_studies_tune_osem_and_teach_what_is_normal(files: list[Path], tmp_path: Path) -> None:
    write_tiny_studies(tmp_path / "tune", MIN_NORMALS, first_seed=60, with_defect=False)
    arguments = ("--data", files[0].parent, "--tune-on", tmp_path / "tune", "--methods", "osem", "--json")
    code, output = run(*arguments, "--out", tmp_path / "r.html")
    assert code == 0, output
    found = json.loads(output)
    default = OsemSettings()
    settings = found["methods"]["osem"]
    assert (settings["iterations"], settings["postfilter_fwhm_mm"]) != (default.iterations, default.postfilter_fwhm_mm)
    assert f"in {MIN_NORMALS} normal studies" in (tmp_path / "r.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda a: [*a, "--against", "osem"], "not among fbp. Name it among the methods too."),
        (lambda a: [*a, "--methods", "nonsense"], ".safetensors. Name one of them."),
        (lambda a: [*a, "--tune-on", a[1]], "studies of its own"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_in_one_line(
    files: list[Path], tmp_path: Path, change: Callable[[list[str]], list[str]], said: str
) -> None:
    code, output = run(*change(["--data", str(files[0]), "--methods", "fbp", "--out", str(tmp_path / "r.html")]))
    assert code == 1
    assert said in output
    assert len(output.strip().splitlines()) == 1
    assert not (tmp_path / "r.html").exists()


def test_a_method_to_compare_with_may_be_named_as_it_was_asked_for(files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    [(weights, _)] = ship(tmp_path / "weights", "fbp_unet")
    words: list[str | Path] = ["--data", files[0], "--methods", f"osem,{weights}", "--json"]
    for against in (str(weights), weights.stem):
        code, output = run(*words, "--against", against, "--out", tmp_path / "r.html")
        assert code == 0, output
        assert json.loads(output)["against"] == weights.stem


def test_images_that_were_written_among_the_studies_are_no_failures(files: list[Path], tmp_path: Path) -> None:
    study = tmp_path / "data" / "study.h5"
    study.parent.mkdir()
    study.write_bytes(files[0].read_bytes())
    method = ["--method", "osem", "--iterations", "1"]
    made = CliRunner().invoke(reconstruct, [str(study.parent), *method, "--format", "h5"])
    assert made.exit_code == 0, made.output
    assert len(list(study.parent.glob("*.h5"))) == 2
    code, output = run("--data", study.parent, "--methods", "fbp", "--out", tmp_path / "r.html", "--json")
    assert code == 0, output
    assert (json.loads(output)["studies"], json.loads(output)["failures"]) == (1, 0)


def test_files_that_are_no_studies_are_told_for_what_they_are(files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "cut.h5").write_bytes(files[0].read_bytes()[:2000])
    for data in (tmp_path, tmp_path / "cut.h5"):
        code, output = run("--data", data, "--methods", "fbp", "--out", tmp_path / "r.html")
        assert code == 1
        assert "1 study cannot be read; cut.h5: the file cannot be read as HDF5 to its end" in output
        assert "Copy or convert the file again." in output


def test_a_report_that_cannot_be_written_is_refused_before_the_work(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model.evaluation.run.EvaluationRun.run", lambda *_: pytest.fail("it went to work"))
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "r.html"):
        code, output = run("--data", files[0], "--methods", "fbp", "--out", out)
        assert code == 1
        assert "file is a file, not a folder. Choose another place with --out." in output


def test_studies_without_a_reference_cannot_be_compared(tmp_path: Path) -> None:
    write_study(tmp_path / "bare.h5", replace(tiny_study(0), reference=None, reference_kind=None, truth=None))
    code, output = run("--data", tmp_path, "--methods", "fbp", "--out", tmp_path / "r.html")
    assert code == 1
    assert "reference" in output
    empty = tmp_path / "none"
    empty.mkdir()
    assert "0 study files" in run("--data", empty, "--out", tmp_path / "r.html")[1]


def test_a_case_without_its_place_still_counts(files: list[Path]) -> None:
    assert read_study(files[0]).truth is not None
    found = score_case(files[0], {"truth": truth}, None)
    assert found.methods["truth"].channels is None
    assert found.value("truth", "ssim_heart") == pytest.approx(1.0)


# ---------------------------------------------------------------- drawings


def test_grey_is_white_at_nothing_and_black_at_the_maximum() -> None:
    import base64
    import io

    from PIL import Image

    element = pictures.grey_slice(np.array([[0.0, 5.0, 10.0, 99.0]]), 10.0, 'a "slice"')
    assert 'alt="a &quot;slice&quot;"' in element
    data = base64.b64decode(element.split("base64,")[1].rstrip('">'))
    assert np.asarray(Image.open(io.BytesIO(data))).tolist() == [[255, 128, 0, 0]]


def test_a_polar_map_has_its_anterior_wall_above_and_the_septum_on_the_left() -> None:
    values = np.full(17, 90.0)
    values[[0, 1, 5]] = (51.0, 52.0, 53.0)  # basal anterior, anteroseptal, anterolateral
    drawing = charts.polar_map(values, "map")

    def place(text: str) -> tuple[float, float]:
        start = drawing.rindex("<text", 0, drawing.index(f">{text}</text>"))
        parts = drawing[start:].split('"')
        return float(parts[1]), float(parts[3])

    assert place("51")[1] < -50
    assert abs(place("51")[0]) < 1
    assert place("52")[0] < -50
    assert place("53")[0] > 50
    assert "lowest segment basal anterior with 51 points" in drawing


def test_a_profile_names_its_lines_and_stays_inside_its_frame() -> None:
    drawing = charts.profile_chart([-10.0, 0.0, 10.0], [0.0, 8.0, 1.0], {"osem": [-1.0, 7.0, 9.5]}, "profile")
    assert ">osem</text>" in drawing
    points = [p for line in drawing.split('points="')[1:] for p in line.split('"')[0].split()]
    assert all(0 <= float(p.split(",")[1]) <= 300 for p in points)
