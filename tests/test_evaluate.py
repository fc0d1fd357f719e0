import pytest

from datagen.corpus import kinds
from nomenclair.records import Pair
from nomenclair.workspace import Workspace, read_json, write_records
from train import metrics
from train.data import split_of
from train.evaluate import evaluate_workspace, extension_lookup, overfit_verdict

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
    assert set(report["scores"]) == {"student", "untuned base", "extension lookup"}
    assert read_json(ws.evaluation / "metrics.json") == report
    for scores in report["scores"].values():
        assert set(scores) == {"fr", "en"}
