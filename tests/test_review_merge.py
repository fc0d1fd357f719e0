"""Two people's words as one."""

from dataclasses import replace

import pytest

from review.merge import add, cohen_kappa, merge
from review.words import as_note, read_words, said, with_rival, write_words
from tests.reviewing import BAD, INVOICE, LUC, PAIRS, REPORT, run, word, workspace


def test_merge_keeps_every_word_and_counts_agreement():
    marie = {p.id: word(p) for p in PAIRS.values()}
    paul = {
        REPORT.id: word(REPORT, by="paul"),
        BAD.id: word(BAD, "dropped", by="paul"),
        INVOICE.id: word(INVOICE, "edited", by="paul", fr="Facture d'EDF en PDF"),
    }
    result = merge(marie, paul)
    assert (result.both, result.agreed) == (3, 1)
    assert {key for key, kept in result.words.items() if kept.rival_by} == {BAD.id, INVOICE.id}
    assert result.words[INVOICE.id].rival_fr == "Facture d'EDF en PDF"
    assert add(result.words, result.words) == result.words
    assert add(marie, result.words)[BAD.id].rival_verdict == "dropped"


@pytest.mark.parametrize(
    ("first", "second", "verdict", "by", "rival", "note"),
    [
        pytest.param(
            said(REPORT, REPORT.fr, REPORT.en, "", "first", "m", "s"),
            replace(word(REPORT, by="paul"), note="second"),
            *("keep", "paul", "", "first / second"),
            id="a verdict replaces a note alone, not its words",
        ),
        pytest.param(
            with_rival(word(REPORT), word(REPORT, "dropped", by="paul")),
            with_rival(word(REPORT), LUC),
            *("keep", "marie", "paul", as_note(LUC)),
            id="two rivals: one waits, one is a note",
        ),
        pytest.param(
            word(REPORT),
            with_rival(word(REPORT, "dropped", by="paul"), word(REPORT)),
            *("keep", "marie", "paul", ""),
            id="the same conflict from the other side",
        ),
    ],
)
def test_a_merge_loses_no_word(first, second, verdict, by, rival, note):
    got = add({REPORT.id: first}, {REPORT.id: second})
    kept = got[REPORT.id]
    assert (kept.verdict, kept.by, kept.rival_by, kept.note) == (verdict, by, rival, note)
    assert add({REPORT.id: first}, got) == got == add(got, {REPORT.id: second}), "once more adds nothing"


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        pytest.param([word(REPORT)], [word(INVOICE)], "no pair was judged by both", id="no pair in common"),
        pytest.param([word(REPORT)], [word(REPORT)], "all verdicts are alike", id="both kept all"),
        pytest.param([word(REPORT)], [word(REPORT, "dropped")], "kappa 0.000", id="none alike"),
    ],
)
def test_merge_through_the_command_line_counts_what_it_wrote(tmp_path, first, second, says):
    ws = workspace(tmp_path)
    write_words(ws.reviewed, {BAD.id: word(BAD, "dropped")})
    for name, words in (("marie.parquet", first), ("paul.parquet", second)):
        write_words(tmp_path / name, {w.id: w for w in words})
    result = run(tmp_path, "review", "merge", str(tmp_path / "marie.parquet"), str(tmp_path / "paul.parquet"))
    assert says in result.output
    assert f"{len(read_words(ws.reviewed))} words in" in result.output.replace("\n", " ")


def test_merge_counts_the_conflicts_that_wait_in_the_workspace(tmp_path):
    ws = workspace(tmp_path)
    write_words(ws.reviewed, {REPORT.id: word(REPORT, "dropped", by="luc")})
    for by, of in (("marie", REPORT), ("paul", BAD)):
        write_words(tmp_path / f"{by}.parquet", {of.id: word(of, by=by)})
    result = run(tmp_path, "review", "merge", str(tmp_path / "marie.parquet"), str(tmp_path / "paul.parquet"))
    assert "conflicts that wait for a decision: 1" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param("curated.parquet", "lacks the columns", id="a file that never held words"),
        pytest.param("cut.parquet", "is damaged", id="a reviewer's file, cut short"),
        pytest.param("nobody.parquet", "is not there", id="no file"),
    ],
)
def test_merge_of_a_file_that_is_no_reviewers_asks_for_another(tmp_path, given, says):
    ws = workspace(tmp_path)
    write_words(tmp_path / "marie.parquet", {REPORT.id: word(REPORT)})
    (tmp_path / "cut.parquet").write_bytes((tmp_path / "marie.parquet").read_bytes()[:-40])
    for pair in (("marie.parquet", given), (given, "marie.parquet")):
        result = run(tmp_path, "review", "merge", *(str(tmp_path / name) for name in pair))
        said = str(result.exception)
        assert f"{given} {says}" in said and "Give two whole reviewed.parquet files" in said
        assert "Remove it" not in said and "Put a copy" not in said
    assert read_words(ws.reviewed) == {}


def test_merge_into_words_that_are_damaged_asks_for_a_copy_of_them(tmp_path):
    ws = workspace(tmp_path)
    write_words(tmp_path / "marie.parquet", {REPORT.id: word(REPORT)})
    ws.reviewed.write_bytes(b"")
    result = run(tmp_path, "review", "merge", *[str(tmp_path / "marie.parquet")] * 2)
    assert "reviewed.parquet is damaged" in str(result.exception)
    assert "Put a copy of it back" in str(result.exception) and ws.reviewed.read_bytes() == b""


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
