"""A person's words: sheet in and out, page, merge. One small world of pairs for all."""

import json
import shutil
import threading
import urllib.error
import urllib.request
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from nomenclair.cli import app
from nomenclair.records import Pair, PairFlag, name_id
from nomenclair.workspace import Workspace, write_records
from review.apply import apply_rows, final_pairs, generated_print, read_words, said, write_words
from review.desk import Desk, DeskRow, conflict, not_applied, rows
from review.flags import doubts_of
from review.merge import add, cohen_kappa, merge
from review.server import listening
from review.sheet import read_sheet, text_print, write_sheet
from review.sources import Sources

SOURCES = Sources.load()


def pair(name: str, en: str, fr: str) -> Pair:
    return Pair(name_id(name), name, en, fr, "document", "grammar", "p@1")


REPORT = pair("report_2023.pdf", "PDF report for 2023", "Rapport PDF de 2023")
INVOICE = pair("facture_edf.pdf", "PDF invoice from EDF", "Facture EDF en PDF")
BAD = pair("budget.xlsx", "I cannot determine what this is", "Je ne sais pas ce que c'est")
PAIRS = {p.id: p for p in (REPORT, INVOICE, BAD)}


def line(of: Pair, word=None, **changes):
    return 2, replace(DeskRow(word.pair() if word else of, word, []).sheet_row(), **changes)


def word(of: Pair, verdict="keep", by="marie", **texts):
    fresh = replace(of, **texts)
    return said(of, fresh.fr, fresh.en, verdict, "", by, generated_print(of))


@pytest.mark.parametrize(
    ("changes", "verdict", "text"),
    [
        pytest.param({"verdict": "keep"}, "keep", REPORT.fr, id="kept"),
        pytest.param({"verdict": " DROP "}, "dropped", REPORT.fr, id="dropped, in capitals with spaces"),
        pytest.param({"fr": "Rapport annuel"}, "edited", "Rapport annuel", id="text changed, no verdict"),
        pytest.param({"fr": "Rapport", "verdict": "keep"}, "edited", "Rapport", id="text changed and keep"),
        pytest.param({"verdict": "edited"}, "keep", REPORT.fr, id="edited, but nothing was"),
        pytest.param({"note": "hm"}, "", REPORT.fr, id="a note alone"),
    ],
)
def test_what_a_line_says(changes, verdict, text):
    after, done = apply_rows([line(REPORT, **changes)], PAIRS, {}, "marie")
    assert (after[REPORT.id].verdict, after[REPORT.id].fr, after[REPORT.id].by) == (verdict, text, "marie")
    assert not done.refused and not done.conflicts


def test_an_untouched_line_says_nothing():
    after, done = apply_rows([line(REPORT)], PAIRS, {}, "marie")
    assert after == {} and done.untouched == 1


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param({"id": "n0"}, "no pair has the id 'n0'", id="unknown id"),
        pytest.param({"name": "other.pdf"}, "do not belong together", id="a column sorted alone"),
        pytest.param({"verdict": "maybe"}, "unknown verdict 'maybe'", id="unknown verdict"),
        pytest.param({"fr": "  "}, "a text is empty", id="empty text"),
    ],
)
def test_a_line_that_is_refused_costs_no_other(changes, says):
    lines = [line(REPORT, **changes), (3, line(INVOICE, verdict="keep")[1])]
    after, done = apply_rows(lines, PAIRS, {}, "marie")
    assert [(r.line, says in r.why) for r in done.refused] == [(2, True)]
    assert after[INVOICE.id].verdict == "keep"


def test_a_line_twice_is_refused():
    _, done = apply_rows([line(REPORT), (9, line(REPORT)[1])], PAIRS, {}, "marie")
    assert "stands on line 2 already" in done.refused[0].why


def test_the_same_sheet_twice_changes_nothing():
    lines = [line(REPORT, fr="Rapport"), (3, line(BAD, verdict="drop")[1])]
    once, _ = apply_rows(lines, PAIRS, {}, "marie")
    twice, done = apply_rows(lines, PAIRS, once, "paul")
    assert twice == once and done.already == 2


def test_a_regenerated_pair_never_overwrites_a_person():
    marie = word(REPORT, "edited", fr="Rapport annuel PDF de 2023")
    fresh = replace(REPORT, fr="Compte rendu PDF de 2023")
    pairs = {**PAIRS, REPORT.id: fresh}
    assert {p.id: p.fr for p in final_pairs(pairs.values(), [marie])}[REPORT.id] == marie.fr
    assert "Compte rendu" in conflict(fresh, marie)[0].why
    first = rows(pairs, {REPORT.id: marie}, SOURCES, {})[0]
    assert (first.pair.fr, first.flags[0].code) == (marie.fr, "conflict")


def test_a_pair_regenerated_after_the_export_is_taken_and_shown():
    edited = line(REPORT, fr="Rapport annuel")
    pairs = {REPORT.id: replace(REPORT, en="Report", fr="Compte rendu")}
    after, done = apply_rows([edited], pairs, {}, "marie")
    assert after[REPORT.id].fr == "Rapport annuel" and len(done.conflicts) == 1
    assert conflict(pairs[REPORT.id], after[REPORT.id])


def test_two_people_on_one_pair_both_stay_until_one_decides():
    stored = {REPORT.id: word(REPORT, "edited", by="paul", fr="Rapport de Paul")}
    after, done = apply_rows([line(REPORT, fr="Rapport de Marie")], PAIRS, stored, "marie")
    kept = after[REPORT.id]
    assert (kept.fr, kept.rival_fr, kept.rival_by) == ("Rapport de Paul", "Rapport de Marie", "marie")
    assert done.conflicts and conflict(REPORT, kept)
    decided, _ = apply_rows([line(REPORT, kept, fr="Rapport de Marie")], PAIRS, after, "paul")
    assert decided[REPORT.id].fr == "Rapport de Marie" and not conflict(REPORT, decided[REPORT.id])


def test_what_train_reads():
    words = [
        word(BAD, "dropped"),
        word(REPORT, "edited", fr="Rapport"),
        said(INVOICE, INVOICE.fr, INVOICE.en, "", "?", "m", "s"),
    ]
    final = {p.id: p for p in final_pairs(PAIRS.values(), words)}
    assert set(final) == {REPORT.id, INVOICE.id}
    assert (final[REPORT.id].fr, final[REPORT.id].teacher) == ("Rapport", "person")
    assert final[INVOICE.id] == INVOICE
    assert [p.id for p in final_pairs([], [word(REPORT)])] == [REPORT.id], "kept though curate dropped it"


def test_the_sheet_is_worst_first_and_judged_last():
    order = [row.pair.name for row in rows(PAIRS, {BAD.id: word(BAD, "dropped")}, SOURCES, {})]
    assert order[-1] == BAD.name
    assert rows(PAIRS, {}, SOURCES, {})[0].pair.name == BAD.name


def test_what_a_judge_doubts_is_shown_until_a_person_changes_the_texts():
    doubts = doubts_of([PairFlag(REPORT.id, "judge_french", "not idiomatic")])
    shown = {row.pair.id: row for row in rows(PAIRS, {}, SOURCES, doubts)}
    assert [flag.code for flag in shown[REPORT.id].flags] == ["judge_french"]
    edited = replace(word(REPORT, "edited"), fr="Rapport corrigé en PDF de 2023")
    after = {row.pair.id: row for row in rows(PAIRS, {REPORT.id: edited}, SOURCES, doubts)}
    assert "judge_french" not in [flag.code for flag in after[REPORT.id].flags]


def workspace(tmp_path) -> Workspace:
    ws = Workspace(tmp_path)
    write_records(ws.curated, Pair, PAIRS.values())
    return ws


def run(tmp_path, *args):
    return CliRunner().invoke(app, [*args, "--workspace", str(tmp_path)])


def test_export_edit_apply_through_the_command_line(tmp_path):
    ws = workspace(tmp_path)
    assert run(tmp_path, "review", "export").exit_code == 0
    lines, _ = read_sheet(ws.sheet)
    changed = [replace(r, fr="Rapport") if r.name == REPORT.name else r for _, r in lines]
    changed = [replace(r, verdict="drop") if r.name == BAD.name else r for r in changed]
    write_sheet(ws.sheet, changed)
    again = run(tmp_path, "review", "export")
    assert "2 changes that are not applied" in str(again.exception), "an export never overwrites edits"
    assert run(tmp_path, "review", "apply", "--by", "marie").exit_code == 0
    kept = {w.id: (w.verdict, w.by) for w in read_words(ws.reviewed).values()}
    assert kept == {REPORT.id: ("edited", "marie"), BAD.id: ("dropped", "marie")}
    assert run(tmp_path, "review", "export").exit_code == 0
    assert not_applied(ws.sheet, PAIRS, read_words(ws.reviewed)) == 0


def test_apply_with_a_bad_line_keeps_the_others_and_names_it(tmp_path):
    ws = workspace(tmp_path)
    run(tmp_path, "review", "export")
    lines, _ = read_sheet(ws.sheet)
    changed = [replace(lines[0][1], verdict="nonsense"), replace(lines[1][1], verdict="keep")]
    write_sheet(ws.sheet, changed)
    result = run(tmp_path, "review", "apply")
    assert "line 2" in str(result.exception) and len(read_words(ws.reviewed)) == 1


def test_a_truncated_parquet_is_named_and_left(tmp_path):
    ws = workspace(tmp_path)
    write_words(ws.reviewed, {REPORT.id: word(REPORT)})
    ws.reviewed.write_bytes(ws.reviewed.read_bytes()[:-40])
    before = ws.reviewed.read_bytes()
    result = run(tmp_path, "review", "export")
    assert "damaged" in str(result.exception) and ws.reviewed.read_bytes() == before


def test_merge_keeps_every_word_and_counts_agreement():
    marie = {p.id: word(p) for p in PAIRS.values()}
    paul = {
        REPORT.id: word(REPORT, by="paul"),
        BAD.id: word(BAD, "dropped", by="paul"),
        INVOICE.id: word(INVOICE, "edited", by="paul", fr="Facture d'EDF en PDF"),
    }
    result = merge(marie, paul)
    assert (result.both, result.agreed, result.conflicts) == (3, 1, 2)
    assert result.words[INVOICE.id].rival_fr == "Facture d'EDF en PDF"
    assert add(result.words, result.words) == result.words
    assert add(marie, result.words)[BAD.id].rival_verdict == "dropped"


@pytest.mark.parametrize(
    ("verdicts", "kappa"),
    [
        pytest.param([("keep", "keep"), ("dropped", "dropped")], 1.0, id="all agree"),
        pytest.param([("keep", "dropped"), ("dropped", "keep")], -1.0, id="none agree"),
        # 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no: observed 0.7, by chance 0.5
        pytest.param(
            [("k", "k")] * 20 + [("k", "d")] * 5 + [("d", "k")] * 10 + [("d", "d")] * 15, 0.4, id="textbook"
        ),
        pytest.param([], None, id="nothing judged"),
        pytest.param([("keep", "keep")], None, id="one verdict alone"),
    ],
)
def test_kappa(verdicts, kappa):
    assert cohen_kappa(verdicts) == pytest.approx(kappa)


@pytest.fixture
def page(tmp_path):
    desk = Desk(tmp_path / "reviewed.parquet", PAIRS, {}, "marie", {})
    with listening(desk) as (url, server):
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield url, desk
        server.shutdown()
        thread.join()


def ask(url: str, body: dict | None = None, host: str = "") -> tuple[int, dict]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Host": host} if host else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_each_verdict_is_on_disk_before_it_is_answered_and_undo_takes_it_back(page):
    url, desk = page
    _, got = ask(url + "rows")
    shown = got["rows"][0]
    assert shown["name"] == BAD.name
    verdict = {**{k: shown[k] for k in ("id", "fr", "en", "note", "seen")}, "verdict": "dropped"}
    assert ask(url + "verdict", verdict)[1]["verdict"] == "dropped"
    assert read_words(desk.path)[BAD.id].by == "marie"
    assert ask(url + "verdict", verdict)[0] == 409, "the page shows a state that is past"
    assert ask(url + "undo", {})[1]["verdict"] == ""
    assert read_words(desk.path) == {} and ask(url + "undo", {})[1] == {}


def test_page_and_sheet_in_turn(page, tmp_path):
    _, desk = page
    sheet = tmp_path / "review.tsv"
    write_sheet(sheet, [row.sheet_row() for row in desk.rows.values()])
    desk.judge(
        REPORT.id, "keep", "Rapport de la page", REPORT.en, "", text_print(REPORT.fr, REPORT.en, "", "")
    )
    lines, _ = read_sheet(sheet)
    edited = [(n, replace(r, verdict="drop") if r.id == BAD.id else r) for n, r in lines]
    after, done = apply_rows(edited, PAIRS, read_words(desk.path), "paul")
    assert (after[REPORT.id].fr, after[BAD.id].verdict, done.conflicts) == (
        "Rapport de la page",
        "dropped",
        [],
    )


@pytest.mark.parametrize(
    ("path", "host"),
    [
        pytest.param("/rows", "", id="no token"),
        pytest.param("/wrong/rows", "", id="wrong token"),
        pytest.param(None, "evil.example:80", id="another host's name for this machine"),
    ],
)
def test_strangers_see_nothing(page, path, host):
    url, _ = page
    base = url.rsplit("/", 2)[0]
    assert ask(base + path if path else url + "rows", host=host)[0] == 404


def test_a_request_that_makes_no_sense_is_refused(page):
    url, desk = page
    assert ask(url + "verdict", {"id": "n0"})[0] == 400
    assert ask(url + "verdict", dict.fromkeys(("id", "verdict", "fr", "en", "note", "seen"), "x"))[0] == 409
    assert not desk.path.exists()


@pytest.mark.slow
def test_the_page_in_a_real_browser(page):
    """Keyboard alone: edit French, keep, drop, undo, filter. Chromium, no mouse."""
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.fail("Chromium is missing: apt-get install --no-install-recommends chromium chromium-driver")
    from selenium import webdriver
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import Select, WebDriverWait

    url, desk = page
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in (
        "headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
        "disable-component-update", "disable-sync",
    ):  # fmt: skip
        options.add_argument(f"--{flag}")
    browser = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        wait = WebDriverWait(browser, 20)
        browser.get(url)

        def element(name):
            return browser.find_element(By.ID, name)

        def press(*keys):
            webdriver.ActionChains(browser).send_keys(*keys).perform()

        def until_named(name):
            wait.until(lambda _: element("name").text == name)

        until_named(BAD.name)
        assert "refusal" in element("flags").text
        press("d")
        wait.until(lambda _: read_words(desk.path).get(BAD.id))
        second = element("name").text
        press("f")
        press(Keys.END, " corrigé")
        webdriver.ActionChains(browser).key_down(Keys.CONTROL).send_keys(Keys.ENTER).key_up(
            Keys.CONTROL
        ).perform()
        wait.until(lambda _: len(read_words(desk.path)) == 2)
        assert read_words(desk.path)[name_id(second)].fr.endswith(" corrigé")
        wait.until(lambda _: element("count").text == "2 of 3 judged")
        press("u")
        wait.until(lambda _: len(read_words(desk.path)) == 1)
        until_named(second)
        Select(element("filter")).select_by_value("refusal")
        wait.until(lambda _: element("count").text == "1 of 1 judged")
        assert [
            e for e in browser.get_log("browser") if e["level"] == "SEVERE" and "favicon" not in e["message"]
        ] == []
    finally:
        browser.quit()
