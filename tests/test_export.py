import shutil

import numpy as np
import pytest

from datagen.corpus import FOLDER, kinds
from nomenclair import Student, UserError
from nomenclair.records import Pair
from nomenclair.student import KINDS, TOKENIZER, WORDS
from nomenclair.workspace import read_json, write_json
from tests import disk
from train import quantise
from train.calibrate import ALWAYS, NEVER, Outspoken, curve, threshold, thresholds
from train.data import OwnPair, split_of
from train.export import _abstention, export, load_trained, names_kinds
from train.quantise import BY_BATCH, FP32, INT8


@pytest.fixture(scope="module")
def held_out(pairs):
    return [pair for pair in pairs if split_of(pair.name) != "train"]


def rows(*cells):
    return [Outspoken(score, chrf, kind) for score, chrf, kind in cells] * 10


@pytest.mark.parametrize(
    ("measured", "floor"),
    [
        pytest.param(rows((-1, 80, 0), (-2, 60, 0), (-3, 20, 0)), -2.5, id="the unsure third is not good"),
        pytest.param(rows((-1, 80, 0), (-2, 30, 0), (-3, 60, 0)), -1.5, id="a lucky unsure one is pooled"),
        pytest.param(rows((-1, 80, 0), (-2, 45, 0), (-3, 55, 0)), NEVER, id="pooled they are good enough"),
        pytest.param(
            rows((-1, 40, 90), (-2, 30, 90), (-3, 9, 90)), ALWAYS, id="no score promises a good one"
        ),
        pytest.param(rows((-1, 90, 99), (-2, 60, 99), (-3, 55, 99)), NEVER, id="all good, whatever the kind"),
        pytest.param([Outspoken(-i, 0, 0) for i in range(29)], NEVER, id="too few names to choose"),
        pytest.param(rows((-1, 90, 0), (-2, 70, 0), (-2, 20, 0)), -1.5, id="equal scores are not parted"),
    ],
)
def test_threshold(measured, floor):
    assert threshold(measured) == floor


def test_descriptions_near_the_threshold_are_good_enough():
    """Confidence that tells the truth: chrF rises with it by 100 from -2 to 0, give or take 20."""
    measured = [Outspoken(-i / 1000, 100 - i / 20 + (-20, 20)[i % 2], 0) for i in range(2001)]
    assert threshold(measured) == pytest.approx(-1, abs=0.05)


def drawn(seed: int) -> list[Outspoken]:
    """2,500 names, few of them unsure, of which 85 + 80 * score is to be expected, give or take 20."""
    rng = np.random.default_rng(seed)
    scores = -rng.exponential(0.12, 2500)
    chrf = (85 + 80 * scores + rng.normal(0, 20, 2500)).clip(0, 100)
    return [Outspoken(float(score), float(points), 0) for score, points in zip(scores, chrf, strict=True)]


def test_the_threshold_is_not_the_chance_of_a_few_names():
    assert [threshold(drawn(seed)) for seed in range(10)] == pytest.approx([-35 / 80] * 10, abs=0.06)


def test_the_curve_ends_where_all_is_described():
    measured = rows((-1, 60, 40), (-2, 50, 40), (-3, 20, 40))
    points = curve(measured)
    assert points[-1].coverage == 1 and points[-1].overall == pytest.approx(130 / 3)
    assert [p.coverage for p in points] == sorted(p.coverage for p in points)
    assert points[0].described == 60


def test_the_student_abstains_under_its_threshold(student_folder, held_out):
    """Its best answer that the guard lets pass is said, or no answer is: the others have lower scores."""
    card, student = read_json(student_folder / "student.json"), Student.load(student_folder)
    for lang in ("fr", "en"):
        floor = card["abstain_below"][lang]
        asked = [(pair.name, lang) for pair in held_out if split_of(pair.name) == "validation"]
        found = student.describe_scored(asked)
        for d, daring in zip(found, student.without_thresholds().describe_scored(asked), strict=True):
            assert d.abstained == (daring.abstained or daring.score < floor)
            assert d.abstained or d == daring
        said = sum(not d.abstained for d in found) / len(found)
        assert said == pytest.approx(card["calibration"][lang]["coverage"])


@pytest.mark.parametrize(
    ("texts", "named"),
    [
        pytest.param(("PDF invoice", "Facture PDF"), {"en": True, "fr": True}, id="as the corpus's do"),
        pytest.param(("Invoice", "Facture PDF"), {"en": False, "fr": True}, id="in one language"),
        pytest.param(
            ("", "Facture"), {"en": False, "fr": False}, id="own pairs in French, of the subject alone"
        ),
    ],
)
def test_answers_must_name_the_kind_where_the_pairs_do(texts, named):
    pairs = [OwnPair(str(i), f"facture_{i}.pdf", *texts, "document", "person", "") for i in range(20)]
    unknown = OwnPair("x", "facture", *texts, "other", "person", "")
    assert names_kinds([*pairs, unknown], kinds(), ("en", "fr")) == named


def test_the_card_says_what_the_precision_cost(student_folder):
    card, readme = read_json(student_folder / "student.json"), (student_folder / "README.md").read_text()
    precisions = [row["precision"] for row in card["quantisation"]]
    assert precisions[:3] == ["fp32", BY_BATCH.name, "int8"] and precisions[-1] == card["precision"]
    assert all(0 <= row["kind_errors"][lang] <= 1 for row in card["quantisation"] for lang in ("fr", "en"))
    assert "| precision | MB | chrF fr | same texts fr | kind errors fr | chrF en" in readme
    assert "## Abstention" in readme and "- fr: " in readme


@pytest.mark.parametrize(
    ("measured", "why"),
    [
        pytest.param(30, "good enough at every score", id="as many as a threshold takes"),
        pytest.param(29, "too few names to choose", id="the guard and the table left too few"),
    ],
)
def test_the_card_says_why_it_never_abstains(measured, why):
    told = _abstention({"abstain_below": NEVER, "names": 45, "measured": measured})
    assert why in told and f"{measured} of 45 validation names measured" in told


@pytest.fixture
def fp32_folder(training, student_folder, tmp_path):
    """(model, weights, a folder with its fp32 graph)."""
    model, _, _ = load_trained(training)
    weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    for name in (KINDS, TOKENIZER, *WORDS.values(), "student.json"):
        (tmp_path / name).write_bytes((student_folder / name).read_bytes())
    quantise.write_graph(model, weights, FP32, tmp_path)
    return model, weights, tmp_path


def test_whoever_may_read_the_graph_may_read_its_weights(student_folder):
    graph, weights = (student_folder / name for name in ("model.onnx", "weights.bin"))
    assert graph.stat().st_mode == weights.stat().st_mode


def test_int4_has_its_row_and_the_last_row_is_kept(fp32_folder, held_out, monkeypatch):
    monkeypatch.setattr(quantise, "TOLERANCE", 1000)
    model, weights, folder = fp32_folder
    table = quantise.quantise(model, weights, folder, held_out, ("fr", "en"), int4=True)
    assert [row.precision for row in table] == ["fp32", "int8", "int4"]
    assert quantise.megabytes(folder) == table[-1].megabytes < table[1].megabytes


def scored(chrf):
    """Quality that depends on the precision alone."""

    def quality(name, megabytes, *rest):
        return quantise.Quality(name, megabytes, {"fr": chrf[name]}, {"fr": 1.0}, {"fr": 0.0})

    return quality


@pytest.mark.parametrize(
    ("chrf", "kept"),
    [
        pytest.param({"fp32": 50, "int4": 49.5, "int8": 50}, "int4", id="int4 within tolerance"),
        pytest.param({"fp32": 50, "int4": 40, "int8": 50}, "int8", id="int4 loses too much"),
        pytest.param({"fp32": 50, "int4": 40, "int8": 40, INT8[1].name: 50}, INT8[1].name, id="wo in float"),
    ],
)
def test_the_gate_keeps_the_smallest_that_passes(fp32_folder, held_out, monkeypatch, chrf, kept):
    monkeypatch.setattr(quantise, "_quality", scored(chrf))
    model, weights, folder = fp32_folder
    table = quantise.quantise(model, weights, folder, held_out[:4], ("fr",), int4=True)
    assert table[-1].precision == kept and len(table) == len(chrf)
    assert quantise.megabytes(folder) == table[-1].megabytes


def test_a_gate_that_never_opens_exports_nothing(training, tmp_path, held_out, monkeypatch):
    monkeypatch.setattr(quantise, "TOLERANCE", -1000)
    with pytest.raises(UserError, match="No int8 graph keeps chrF"):
        export(training, tmp_path / "student", held_out[:4], FOLDER / "kinds.tsv")
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_the_former_student(training, student_folder, tmp_path, held_out):
    former = tmp_path / "student"
    shutil.copytree(student_folder, former)
    with pytest.raises(UserError, match=r"cannot be written.*Free some space"), disk.full(20_000):
        export(training, former, held_out[:4], FOLDER / "kinds.tsv")
    assert list(tmp_path.iterdir()) == [former]
    assert Student.load(former).describe(["a.pdf"], "fr") == Student.load(student_folder).describe(
        ["a.pdf"], "fr"
    )


def test_a_training_of_another_contract_is_not_exported(training, tmp_path, held_out):
    folder = tmp_path / "training"
    shutil.copytree(training, folder)
    report = read_json(folder / "training.json")
    write_json(folder / "training.json", {**report, "contract": report["contract"] - 1})
    with pytest.raises(UserError, match="Train again: nomenclair train --fresh"):
        export(folder, tmp_path / "student", held_out[:4], FOLDER / "kinds.tsv")


def test_what_the_table_tells_is_described_and_measures_nothing(student_folder):
    page = Pair("1", "epoll_wait.2.gz", "Manual page of epoll_wait", "Page de manuel", "manual", "person", "")
    found = thresholds(student_folder, [page], ("en", "fr"))
    wanted = {"abstain_below": NEVER, "coverage": 1.0, "guarded": 0.0, "names": 1, "measured": 0}
    assert found == {"en": wanted, "fr": wanted}
