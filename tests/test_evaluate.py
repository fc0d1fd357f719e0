import dataclasses
import shutil

import pytest

from datagen.corpus import gold, kinds
from nomenclair import UserError
from nomenclair.records import Pair
from nomenclair.workspace import Workspace, read_json, write_json, write_records
from train import metrics
from train.compare import compare
from train.data import split_of
from train.evaluate import (
    cases,
    evaluate_workspace,
    extension_lookup,
    nearest_neighbour,
    overfit_verdict,
    score_texts,
)
from train.report import page

KINDS = kinds()


@pytest.mark.parametrize(
    ("text", "references", "chrf"),
    [
        pytest.param("Rapport PDF de 2023", ["Rapport PDF de 2023"], 100, id="the same"),
        pytest.param(
            "Rapport PDF de 2023", ["Bilan", "Rapport PDF de 2023"], 100, id="the best reference counts"
        ),
        pytest.param("xyz", ["Rapport PDF de 2023"], 0, id="nothing shared"),
    ],
)
def test_chrf(text, references, chrf):
    found = metrics.score(["a.pdf"], [text], [references], KINDS)
    assert found["chrf"] == pytest.approx(chrf)


def test_rouge_reads_accents():
    """The package's own tokenizer would find `vnements` equal to `vnements` and drop `été`."""
    found = metrics.score(["a.pdf"], ["été"], [["ete"]], KINDS)
    assert found["rougeL"] == 0
    assert metrics.score(["a.pdf"], ["Été à Sète"], [["été à Sète"]], KINDS)["rougeL"] == pytest.approx(100)


def test_kind_accuracy_reads_both_languages():
    rows = (["a.pdf", "b.pdf"], ["Rapport PDF", "Script shell"], [["x"], ["x"]])
    assert metrics.score(*rows, KINDS)["kind"] == 0.5


def test_extension_lookup_always_names_the_kind(pairs):
    known = [pair for pair in pairs if pair.kind != "other"]
    scores = extension_lookup(known, KINDS, ("fr", "en"))
    assert scores["fr"]["kind"] == scores["en"]["kind"] == 1


def test_nearest_neighbour_copies_the_name_spelt_most_alike(pairs):
    twin = dataclasses.replace(pairs[0], name="x" + pairs[0].name)
    scores = nearest_neighbour([twin], pairs, KINDS, ("fr", "en"))
    assert scores["fr"]["chrf"] == scores["en"]["chrf"] == pytest.approx(100)


def test_intervals_hold_the_score(pairs):
    names = [pair.name for pair in pairs[:60]]
    texts = [pair.fr if i % 2 else "?" for i, pair in enumerate(pairs[:60])]
    found = metrics.score(names, texts, [[pair.fr, pair.en] for pair in pairs[:60]], KINDS)
    for key in ("chrf", "kind"):
        low, high = found[f"{key}_interval"]
        assert low < found[key] < high < low + (40 if key == "chrf" else 0.4)


def test_the_interval_is_of_the_mean_that_it_stands_beside():
    """Long texts all right, short ones all wrong: chrF of all letters at once is far above the mean of texts."""
    long, short = "Un rapport annuel de trente pages sur les ventes", "Un bac"
    texts, references = [long, "xyz"] * 40, [[long], [short]] * 40
    found = metrics.score(["a.pdf"] * 80, texts, references, KINDS)
    assert found["chrf"] == pytest.approx(50)
    assert found["chrf_interval"] == pytest.approx([39, 61], abs=1.5)


def test_gold_names_have_several_right_texts():
    several = next(item for item in gold() if len(item.fr) > 1)
    case = cases([several], "fr")[0]
    assert case.references == several.fr and score_texts([case], [several.fr[1]], KINDS)["chrf"] > 99


def test_a_name_cannot_write_the_page():
    row = {"name": "<script>x</script>", "lang": "fr", "text": "<b>", "reference": "y", "chrf": 0.0, "score": -1.0,
           "abstained": True}  # fmt: skip
    card = {"languages": [], "base": "b", "precision": "int8", "quantisation": []}
    html = page(card, {"scores": {}, "verdict": "v"}, [row], {}, [])
    assert "<script>" not in html and "&lt;script&gt;" in html and "(kind alone)" in html


def test_two_students_are_compared(student_folder):
    found = compare(student_folder, student_folder, gold()[:40])
    assert found.same_texts == {"fr": 1, "en": 1} and found.difference["fr"] == (0, 0, 0)
    assert found.sides[0].scores["en"]["chrf"] == found.sides[1].scores["en"]["chrf"]


def test_students_without_a_common_language_are_not_compared(student_folder, tmp_path):
    folders = []
    for lang in ("fr", "en"):
        folders.append(tmp_path / lang)
        shutil.copytree(student_folder, folders[-1])
        card = read_json(folders[-1] / "student.json")
        write_json(folders[-1] / "student.json", {**card, "languages": [lang]})
    with pytest.raises(UserError, match="share a language"):
        compare(*folders, gold()[:5])


@pytest.mark.parametrize(
    ("train", "validation", "says"),
    [(1.0, 1.1, "No overfitting"), (1.0, 1.5, "Overfitting: .*50% higher. Add pairs")],
)
def test_overfit_verdict(train, validation, says):
    import re

    assert re.match(says, overfit_verdict({"train_loss": train, "validation_loss": validation}))


def test_a_workspace_is_scored_beside_its_baselines(student_folder, pairs):
    ws = Workspace(student_folder.parent)
    write_records(ws.curated, Pair, pairs)
    report = evaluate_workspace(ws, [pair for pair in pairs if split_of(pair.name) == "test"])
    assert set(report["scores"]) == {
        "student", "student that abstains", "untuned base", "extension lookup", "nearest neighbour"
    }  # fmt: skip
    page = (ws.evaluation / "report.html").read_text()
    assert page.count("<svg") == 3 and report["verdict"] in page and "http" not in page
    said = read_json(ws.evaluation / "outputs.json")
    for lang, row in read_json(ws.evaluation / "coverage.json").items():
        assert row["points"][-1]["coverage"] == 1
        described = [not text["abstained"] for text in said if text["lang"] == lang]
        assert row["coverage"] == sum(described) / len(described)
        assert f"With the stored threshold and the guard, {row['coverage'] * 100:.0f}%" in page
    assert read_json(ws.evaluation / "metrics.json") == report
    for scores in report["scores"].values():
        assert set(scores) == {"fr", "en"}
