import dataclasses
import re
import shlex
from functools import partial

import pytest

from datagen.corpus import kinds
from nomenclair import Student, UserError
from nomenclair.stages import MADE_BY
from nomenclair.workspace import Workspace, read_json, write_json
from train.data import fingerprint
from train.fit import fit
from train.own_pairs import describe_bad, read_pairs, target_columns

KINDS = kinds()


def written(tmp_path, name, text, encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("p.csv", "file,desc\na.pdf,Un rapport\n", id="commas"),
        pytest.param("p.csv", "file;desc\r\na.pdf;Un rapport\r\n", id="semicolons, as a French Excel writes"),
        pytest.param("p.csv", '\ufefffile,desc\na.pdf,"Un\n rapport"\n', id="byte order mark, line break"),
        pytest.param("p.tsv", "n\tdesc\tfile\n1\tUn rapport\ta.pdf\n", id="tabs, other columns"),
        pytest.param("p.jsonl", '{"file": "a.pdf", "desc": "Un rapport"}\n\n', id="JSON lines"),
        pytest.param("p.csv", "file,desc\n/home/x/a.pdf,Un rapport\n", id="a path"),
        pytest.param("p.CSV", "file,desc\nC:\\x\\a.pdf,Un rapport\n", id="a path of Windows, capitals"),
        pytest.param("p.csv", "file,desc\na.pdf,Un rapport\na.pdf,Autre\n", id="twice: the first counts"),
    ],
)
def test_formats(tmp_path, name, text):
    pairs, _ = read_pairs(written(tmp_path, name, text), "file", {"fr": "desc"}, KINDS)
    assert [(p.name, p.fr, p.en, p.kind) for p in pairs] == [("a.pdf", "Un rapport", "", "document")]


def test_cells_are_text_whatever_they_look_like(tmp_path):
    path = written(tmp_path, "p.csv", "file,desc\nNA,Un fichier\n007,Autre\n")
    assert [p.name for p in read_pairs(path, "file", {"fr": "desc"}, KINDS)[0]] == ["NA", "007"]


def test_half_a_surrogate_is_mended(tmp_path):
    """No hash, no file and no tokenizer takes one."""
    path = written(tmp_path, "p.jsonl", r'{"file": "a\ud83d.pdf", "desc": "Un \ud83d rapport"}' + "\n")
    pairs, _ = read_pairs(path, "file", {"fr": "desc"}, KINDS)
    assert [(p.name, p.fr) for p in pairs] == [("a\ufffd.pdf", "Un \ufffd rapport")]
    assert fingerprint(pairs)


def test_bad_rows_are_named_by_their_line(tmp_path):
    text = 'file,desc\n"a.pdf","Un\nrapport"\nb.pdf,\n\n,Texte\na.pdf,Encore\n'
    _, bad = read_pairs(written(tmp_path, "p.csv", text), "file", {"fr": "desc"}, KINDS)
    assert [describe_bad(row) for row in bad] == [
        "line 4: no text in fr (b.pdf)",
        "line 5: no file name",
        "line 6: no file name",
        "line 7: the name stands on line 2 already (a.pdf)",
    ]


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        pytest.param(
            "p.tsv",
            'a.pdf\t"Un rapport\nb.pdf\tUn "bis"\n',
            "a quotation mark is not closed",
            id="an open quote",
        ),
        pytest.param("p.jsonl", '{"file": "a.pdf", "desc": ["x"]}', r"\['x'\] is no text", id="a list"),
        pytest.param("p.jsonl", '{"file": true, "desc": "x"}', "True is no text", id="a truth"),
        pytest.param("p.jsonl", '{"file": "a.pdf", "desc": 1e400}', "inf is no text", id="no number"),
        pytest.param(
            "p.csv",
            "a.pdf,Une phrase sans fin\n",
            "text in fr is longer than a student can say",
            id="too long",
        ),
    ],
)
def test_what_is_no_text_is_left_out_with_its_reason(tmp_path, name, text, reason):
    good = {
        ".csv": "file,desc\nz.pdf,Un mot\n",
        ".tsv": "file\tdesc\nz.pdf\tUn mot\n",
        ".jsonl": '{"file": "z.pdf", "desc": "Un mot"}\n',
    }
    path = written(tmp_path, name, good[name[1:]] + text)
    pairs, bad = read_pairs(path, "file", {"fr": "desc"}, KINDS, lambda text: len(text) < 15)
    assert [pair.name for pair in pairs] == ["z.pdf"]
    assert len(bad) == 1 and re.search(reason, bad[0].reason)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        pytest.param("p.jsonl", "\n", "has no row", id="no line of JSON"),
        pytest.param("p.csv", "nom,desc\na,b\n", "no column 'file'; it has 'nom', 'desc'", id="column"),
        pytest.param("p.csv", "file,desc\na,b\nc,d,e\n", "line 3.*Mend that line", id="too many cells"),
        pytest.param(
            "p.csv", "file,desc\na.pdf,Devis, mai\n", "line 2.*Quote", id="a bare comma in the first text"
        ),
        pytest.param("p.csv", "", "cannot be read", id="empty"),
        pytest.param("p.csv", "file,desc\n", "gives no pair: it has no row", id="header alone"),
        pytest.param("p.csv", "file,desc\na.pdf,\n", "gives no pair: line 2: no text", id="no good row"),
        pytest.param("p.xlsx", "x", "unknown format '.xlsx'.*\\.csv", id="format"),
        pytest.param("p.jsonl", '{"file": "a"\n', "line 1: not JSON", id="broken JSON"),
        pytest.param("p.jsonl", "[1]\n", "line 1: not a JSON object", id="not an object"),
        pytest.param(
            "p.jsonl", '{"desc": ' + "[" * 100_000, "line 1: nested too deep.*Mend that line", id="depth"
        ),
    ],
)
def test_a_file_that_cannot_serve_says_why(tmp_path, name, text, says):
    with pytest.raises(UserError, match=says):
        read_pairs(written(tmp_path, name, text), "file", {"fr": "desc"}, KINDS)


def test_another_encoding_and_a_missing_file_say_so(tmp_path):
    path = written(tmp_path, "p.csv", "file,desc\na.pdf,Été\n", "cp1252")
    with pytest.raises(UserError, match="not UTF-8"):
        read_pairs(path, "file", {"fr": "desc"}, KINDS)
    with pytest.raises(UserError, match="No such file"):
        read_pairs(tmp_path / "none.csv", "file", {"fr": "desc"}, KINDS)


@pytest.mark.parametrize(
    ("given", "lang", "targets"),
    [
        (["desc"], None, {"fr": "desc"}),
        (["desc"], "en", {"en": "desc"}),
        (["fr=a", "en=b"], None, {"fr": "a", "en": "b"}),
    ],
)
def test_target_columns(given, lang, targets):
    assert target_columns(given, lang) == targets


@pytest.mark.parametrize(
    ("given", "says"), [(["a", "b"], "Two columns for fr"), (["de=a"], "Unknown language 'de'")]
)
def test_unclear_target_columns_are_refused(given, says):
    with pytest.raises(UserError, match=says):
        target_columns(given, None)


def test_the_word_of_a_table_is_of_one_training(tmp_path, settings, pairs):
    """A refused training leaves none, and does not change another's."""
    folder, few = tmp_path / "training", pairs[:80]
    once = dataclasses.replace(settings, epochs=1)

    def told(table):
        return partial(write_json, folder / MADE_BY, {"table": table})

    with pytest.raises(UserError, match=r"too few to split.*give --pairs a longer table"):
        fit(few[:1], once, folder, on_begin=told("few.csv"))
    assert not (folder / MADE_BY).exists()
    fit(few, once, folder, on_begin=told("all.csv"))
    with pytest.raises(UserError, match="of other data"):
        fit(few[:-1], once, folder, on_begin=told("fewer.csv"))
    assert read_json(folder / MADE_BY)["table"] == "all.csv"


def test_a_french_table_makes_a_french_student(tmp_path, tiny_base, pairs, monkeypatch):
    from typer.testing import CliRunner

    from nomenclair.cli import app

    rows = "".join(f"{p.name}\t{p.fr}\n" for p in pairs)
    table = written(tmp_path, "own.tsv", "file\tdesc\n" + rows + "\tperdu\n")
    ws = Workspace(tmp_path / "ws")
    monkeypatch.setenv("NOMENCLAIR_WORKSPACE", str(ws.root))
    options = ["--base", tiny_base, "--epochs", "1", "--pairs", str(table)]
    runner = CliRunner()
    for command in (["train", *options], ["export"], ["evaluate"]):
        done = runner.invoke(app, command, catch_exceptions=False)
        assert done.exit_code == 0, done.output
    made_by = read_json(ws.training / MADE_BY)
    assert made_by == {
        "command": shlex.join(["train", *options[:3], "1.0", *options[4:]]),
        "table": str(table),
    }
    rejected = (ws.root / "train-rejected.tsv").read_text().splitlines()
    # A vocabulary as small as the tiny base's makes some texts long.
    assert (
        rejected[-1] == f"line {len(pairs) + 2}: no file name"
        and "longer than a student can say" in rejected[0]
    )
    assert set(read_json(ws.evaluation / "metrics.json")["scores"]["student"]) == {"fr"}
    student = Student.load(ws.student)
    assert student.describe(["a.pdf"], "fr")[0]
    with pytest.raises(UserError, match=r"does not speak 'en'.*--lang fr"):
        student.describe(["a.pdf"], "en")
    done = runner.invoke(app, ["describe", "a.pdf", "--student", str(ws.student)], catch_exceptions=False)
    assert done.exit_code == 0 and done.output.count("\t") == 1
