import itertools
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from datagen.balance import balance, caps, name_language
from datagen.curate import GATES, curate
from nomenclair.cli import app
from nomenclair.records import Pair, Rejected, name_id
from nomenclair.workspace import Workspace, count_records, read_json, read_records, write_records


def pair(
    name="rapport_ventes.pdf",
    en="PDF sales report",
    fr="Rapport PDF des ventes",
    kind="document",
    teacher="m",
):
    return Pair(name_id(name), name, en, fr, kind, teacher, "p@1")


GOOD = pair()


@pytest.mark.parametrize(
    ("gate", "bad"),
    [
        pytest.param("not_one_line", {"fr": "Rapport\ndes ventes"}, id="line break"),
        pytest.param("not_one_line", {"en": "2023 - 12"}, id="no letter"),
        pytest.param("too_long", {"en": "word " * 15}, id="15 words"),
        pytest.param("too_long", {"fr": "R" + "a" * 90}, id="91 characters"),
        pytest.param("refusal", {"en": "I cannot determine what it is"}, id="English refusal"),
        pytest.param("refusal", {"fr": "Je ne peux pas le dire"}, id="French refusal"),
        pytest.param("refusal", {"fr": "Impossible de déterminer le contenu"}, id="impersonal refusal"),
        pytest.param("placeholder", {"fr": "Rapport des [[ventes]]"}, id="unrealised word"),
        pytest.param("placeholder", {"en": "Report of {{topic}}"}, id="template"),
        pytest.param("placeholder", {"fr": "TODO"}, id="a mark that the name lacks"),
        pytest.param("echo", {"en": "rapport_ventes.pdf"}, id="the name again"),
        pytest.param(
            "copied", {"fr": "PDF report of the sales", "en": "PDF report of the sales"}, id="copied"
        ),
        pytest.param("wrong_language", {"fr": "Report about the sales of the year"}, id="English in fr"),
        pytest.param("wrong_language", {"en": "Rapport sur les ventes de l'année"}, id="French in en"),
    ],
)
def test_a_gate_drops_and_says_why(gate, bad):
    result = curate([replace(GOOD, **bad)])
    assert [r.reason for r in result.rejected] == [gate] and not result.kept
    assert isinstance(result.rejected[0], Rejected) and result.rejected[0].stage == "curate"


@pytest.mark.parametrize(
    ("name", "en", "fr"),
    [
        pytest.param("rapport_ventes.pdf", "PDF sales report", "Rapport PDF des ventes", id="plain"),
        pytest.param(
            "lato-bold.woff2",
            "WOFF2 web font Lato Bold",
            "Police web WOFF2 Lato Bold",
            id="names alone differ",
        ),
        pytest.param("Makefile", "Makefile", "Makefile", id="a short text may be the same in both"),
        pytest.param(
            "paperasse à trier", "Paperwork to sort", "Paperasse à trier", id="a name in plain words"
        ),
        pytest.param("a1.tmp", "Temporary file", "Fichier temporaire", id="opaque"),
        pytest.param("sorry.mp3", "MP3 audio of Sorry", "Audio MP3 de Sorry", id="not a refusal"),
        pytest.param("TODO.md", "TODO list in Markdown", "Liste TODO en Markdown", id="TODO is the name's"),
        pytest.param("todolist.txt", "Todo list in plain text", "Liste de tâches en texte", id="joined"),
        pytest.param("lorem_ipsum.txt", "Lorem ipsum text", "Texte lorem ipsum", id="lorem ipsum"),
        pytest.param(
            "je_ne_sais_pas.mp3", "MP3 audio of Je ne sais pas", "Audio MP3 de Je ne sais pas", id="a title"
        ),
        pytest.param(
            "Genesis - I Can't Dance.mp3",
            "MP3 audio of I Can't Dance by Genesis",
            "Audio MP3 de I Can't Dance de Genesis",
            id="an English title",
        ),
        pytest.param(
            "{{cookiecutter.name}}.py",
            "Python template {{cookiecutter.name}}",
            "Modèle Python {{cookiecutter.name}}",
            id="template marks of the name",
        ),
        pytest.param(
            "cv_jean_martin.pdf", "PDF résumé of Jean Martin", "CV de Jean Martin en PDF", id="English résumé"
        ),
        pytest.param("désolé.docx", "Word document, sorry", "Document Word, désolé", id="the name's apology"),
    ],
)
def test_good_pairs_pass_every_gate(name, en, fr):
    assert [why for _, gate in GATES if (why := gate(pair(name, en, fr)))] == []


@pytest.mark.parametrize(
    ("gate", "name", "fr"),
    [
        pytest.param("refusal", "je_ne_sais_pas.mp3", "Je ne peux pas le dire", id="another refusal"),
        pytest.param("refusal", "banana.txt", "N/A", id="letters inside a word"),
        pytest.param("placeholder", "TODO.md", "Liste TODO de [[tâches]]", id="another mark"),
    ],
)
def test_what_the_name_says_excuses_no_more(gate, name, fr):
    assert dict(GATES)[gate](pair(name, "Something", fr))


def test_nothing_vanishes():
    pairs = [GOOD, GOOD, replace(GOOD, id=name_id("b.pdf"), name="b.pdf", en="I cannot say what it is")]
    result = curate(pairs)
    assert len(result.kept) + len(result.rejected) == len(pairs)
    assert [r.reason for r in result.rejected] == ["duplicate", "refusal"]
    steps = result.report["steps"]
    assert all(a["after"] == b["before"] for a, b in itertools.pairwise(steps))
    assert (result.report["before"], result.report["after"]) == (3, 1)


def test_a_persons_pair_passes_and_is_what_others_repeat():
    own = pair("monthly_report_sales.pdf", "I cannot say", "Je ne sais pas", teacher="person")
    near = pair("monthly_reports_sales.pdf")
    result = curate([near, own])
    assert result.kept == [own]
    assert "repeats monthly_report_sales.pdf" in result.rejected[0].raw


def many(count: int, kind: str, teacher="m") -> list[Pair]:
    return [pair(f"{kind}{n}.x{n % 40}", kind=kind, teacher=teacher) for n in range(count)]


def test_a_flood_of_one_kind_is_capped_the_same_way_each_time():
    pairs = many(4000, "image") + many(300, "script")
    once, again = balance(pairs), balance(pairs[::-1])
    kept = {pairs[row].id for row in range(len(pairs)) if row not in once.dropped}
    assert kept == {pairs[::-1][row].id for row in range(len(pairs)) if row not in again.dropped}
    counts = once.axes["kind"]
    assert counts["script"]["after"] == 300 and counts["image"]["after"] < counts["image"]["before"]


def test_balance_never_drops_a_persons_pair():
    assert balance(many(4000, "image", "person") + many(300, "script")).dropped == {}


def test_caps_are_square_root_shares():
    assert caps({"image": 9000, "script": 1000}, 100) == {"image": 7500, "script": 2500}
    assert caps({"image": 3}, 500) == {"image": 500}


@pytest.mark.parametrize(
    ("name", "lang"),
    [
        pytest.param("facture_electricite.pdf", "fr", id="French without accents"),
        pytest.param("meeting_schedule.docx", "en", id="English"),
        pytest.param("IMG_0042.jpg", "none", id="opaque"),
        pytest.param("image.png", "none", id="a word of both"),
    ],
)
def test_the_language_of_a_name(name, lang):
    assert name_language(name) == lang


def test_the_report_says_what_is_short():
    assert any(text.startswith("French") for text in curate(many(40, "script")).report["short"])


def run(tmp_path, *args):
    return CliRunner().invoke(app, [*args, "--workspace", str(tmp_path)])


def test_the_command_writes_what_it_kept_and_dropped(tmp_path):
    ws = Workspace(tmp_path)
    write_records(
        ws.pairs, Pair, [GOOD, replace(GOOD, id=name_id("b.pdf"), name="b.pdf", fr="Je ne peux pas")]
    )
    assert run(tmp_path, "curate").exit_code == 0
    assert list(read_records(ws.curated, Pair)) == [GOOD]
    assert count_records(ws.curated_rejected) == 1 and read_json(ws.curate_report)["before"] == 2


def test_dataset_and_report_from_a_run(tmp_path):
    import datasets

    ws = Workspace(tmp_path)
    write_records(ws.curated, Pair, [*many(30, "image"), replace(GOOD, en="<b>Report</b> & co")])
    assert run(tmp_path, "dataset", "--license", "cc-by-4.0").exit_code == 0
    loaded = datasets.load_dataset(str(ws.dataset), cache_dir=str(tmp_path / "cache"))
    rows = [row for split in loaded.values() for row in split]
    assert len(rows) == 31 and {"id", "name", "en", "fr", "kind", "teacher", "prompt"} == set(rows[0])
    assert "license: cc-by-4.0" in (ws.dataset / "README.md").read_text(encoding="utf-8")
    assert run(tmp_path, "dataset").exit_code == 0, "a second time replaces the first"

    assert run(tmp_path, "report").exit_code == 0
    page = ws.report.read_text(encoding="utf-8")
    assert "&lt;b&gt;Report&lt;/b&gt;" in page and "<b>Report" not in page
    assert "http://" not in page and "https://" not in page and "<script" not in page


def test_a_dataset_never_takes_the_place_of_a_strangers_folder(tmp_path):
    ws = Workspace(tmp_path)
    write_records(ws.curated, Pair, [GOOD])
    ws.dataset.mkdir()
    (ws.dataset / "thesis.docx").write_text("years of work")
    assert "thesis.docx" in str(run(tmp_path, "dataset").exception)
    assert (ws.dataset / "thesis.docx").exists()


@pytest.mark.parametrize("command", ["curate", "dataset", "report"])
def test_an_empty_workspace_names_the_command_to_run(tmp_path, command):
    assert "Run: nomenclair" in str(run(tmp_path, command).exception)
