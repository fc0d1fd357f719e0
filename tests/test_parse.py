import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen.generate import swapped
from datagen.ledger import Usage
from datagen.parse import Answer, Fault, Texts, parse, parse_line, read_answer

ASKED = {"aaaa": "report.pdf", "bbbb": "photo_EMAIL_1_b.jpg"}
GOOD_A = {"id": "aaaa", "en": "PDF report", "fr": "Rapport PDF"}
GOOD_B = {"id": "bbbb", "en": "JPEG photo for EMAIL_1", "fr": "Photo JPEG pour EMAIL_1"}
A, B = Texts("PDF report", "Rapport PDF"), Texts("JPEG photo for EMAIL_1", "Photo JPEG pour EMAIL_1")
BOTH = json.dumps({"items": [GOOD_A, GOOD_B]})


def read(content: str, finish: str = "stop", refusal: str = ""):
    found = parse(Answer(content, finish, refusal, (0, 0, 0)), ASKED, swapped).items
    return [v.reason if isinstance(v, Fault) else v for v in (found["aaaa"], found["bbbb"])]


def items(*entries: dict) -> str:
    return json.dumps({"items": entries})


CASES = [
    pytest.param(BOTH, [A, B], id="as asked"),
    pytest.param(f"```json\n{BOTH}\n```", [A, B], id="fenced"),
    pytest.param(f"Sure! {BOTH} Bye.", [A, B], id="talk around it"),
    pytest.param(json.dumps([GOOD_A, GOOD_B]), [A, B], id="a bare list"),
    pytest.param(json.dumps({"aaaa": GOOD_A, "bbbb": GOOD_B}), [A, B], id="a map"),
    pytest.param(BOTH.replace('"', "'"), [A, B], id="single quotes are mended"),
    pytest.param(BOTH[:-2] + ",]}", [A, B], id="a trailing comma is mended"),
    pytest.param(items(GOOD_A, GOOD_A, GOOD_B), [A, B], id="the same entry twice"),
    pytest.param(items(GOOD_A), [A, "missing"], id="one left out"),
    pytest.param(items(GOOD_A, {**GOOD_B, "id": "cccc"}), [A, "foreign-id"], id="another id"),
    pytest.param(items(GOOD_A, GOOD_B, {**GOOD_A, "en": "Other"}), ["duplicate-id", B], id="two answers"),
    pytest.param(items({**GOOD_A, "fr": ""}, GOOD_B), ["empty-text", B], id="an empty text"),
    pytest.param(items({**GOOD_A, "fr": None}, GOOD_B), ["empty-text", B], id="null"),
    pytest.param(items({**GOOD_A, "fr": "PDF report"}, GOOD_B), ["same-text", B], id="one text twice"),
    pytest.param(items({**GOOD_A, "en": "report.pdf"}, GOOD_B), ["echo", B], id="the name again"),
    pytest.param(items({**GOOD_A, "en": "`PDF` report"}, GOOD_B), ["markdown", B], id="Markdown"),
    pytest.param(items({**GOOD_A, "en": "- PDF report"}, GOOD_B), ["markdown", B], id="a list"),
    pytest.param(items({**GOOD_A, "en": "x" * 500}, GOOD_B), ["too-long", B], id="gone wild"),
    pytest.param(
        items({**GOOD_A, "en": "PDF for PHONE_1"}, GOOD_B), ["placeholder", B], id="foreign placeholder"
    ),
    pytest.param(items({**GOOD_B, "id": "aaaa"}, GOOD_A), ["duplicate-id", "missing"], id="ids mixed up"),
    pytest.param("", ["empty-reply"] * 2, id="nothing"),
    pytest.param("I cannot see files.", ["not-json"] * 2, id="prose"),
    pytest.param("[[[[" * 5000, ["not-json"] * 2, id="nested without end"),
    pytest.param("{}", ["not-json"] * 2, id="an empty object"),
]


@pytest.mark.parametrize(("content", "expected"), CASES)
def test_replies(content, expected):
    assert read(content) == expected


def read_line(content: str, finish: str = "stop", refusal: str = ""):
    found = parse_line(Answer(content, finish, refusal, (0, 0, 0)), {"aaaa": "report.pdf"}, swapped).items
    assert list(found) == ["aaaa"]
    return found["aaaa"].reason if isinstance(found["aaaa"], Fault) else found["aaaa"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("PDF report | Rapport PDF", A, id="as asked"),
        pytest.param('\n "PDF report" | « Rapport PDF »\nAnything else?', A, id="quotes and talk"),
        pytest.param("PDF report | Rapport PDF | Rapport | Rap", A, id="it goes on"),
        pytest.param("", "empty-reply", id="nothing"),
        pytest.param("PDF report", "not-a-line", id="one text"),
        pytest.param("PDF report |", "not-a-line", id="nothing after the bar"),
        pytest.param("| Rapport PDF", "empty-text", id="nothing before the bar"),
        pytest.param("PDF report | PDF report", "same-text", id="one text twice"),
        pytest.param("report.pdf | Rapport PDF", "echo", id="the name again"),
        pytest.param("**PDF** report | Rapport PDF", "markdown", id="Markdown"),
        pytest.param("Rapport de la réunion | Report of the meeting", "swapped-languages", id="swapped"),
    ],
)
def test_replies_of_one_line(content, expected):
    assert read_line(content) == expected


def test_a_line_that_was_cut_is_kept_only_where_both_texts_are_whole():
    assert read_line("PDF report | Rapport P", "length") == "truncated"
    assert read_line("PDF report | Rapport PDF | Rapport P", "length") == A
    assert read_line("PDF report | Rapport PDF", "content_filter") == "content-filter"
    assert read_line("", refusal="No.") == "refusal"


@given(st.text())
def test_any_line_gives_an_outcome_with_its_raw_text(content):
    found = parse_line(Answer(content, "stop", "", (0, 0, 0)), {"aaaa": "report.pdf"}, swapped).items["aaaa"]
    assert found.raw == content if isinstance(found, Fault) else found.en and found.fr


def test_a_reply_that_was_cut_keeps_its_whole_entries():
    assert read(BOTH[:-20], "length") == [A, "truncated"]
    assert read(BOTH[:60], "length") == ["truncated", "truncated"]


def test_a_refusal_and_a_filter_have_their_codes():
    assert read("", refusal="I will not.") == ["refusal"] * 2
    assert read("", "content_filter") == ["content-filter"] * 2


@pytest.mark.parametrize(
    ("en", "fr", "expected"),
    [
        ("Facture du mois de mars", "Invoice for the month of March", True),
        ("Script shell qui extrait les journaux", "Shell script that extracts the logs", True),
        ("Invoice for the month of March", "Facture du mois de mars", False),
        ("PDF report for 2023", "Rapport PDF de 2023", False),
        ("Menu of the café", "Menu du café", False),
        ("JPEG photo", "Photo JPEG", False),
    ],
)
def test_swapped_languages(en, fr, expected):
    assert swapped(en, fr) is expected


@given(st.text())
def test_any_content_gives_every_id_an_outcome(content):
    assert all(v for v in read(content))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["items", "id", "en", "fr", "choices", "message", "usage"]), inner)
    ),
    max_leaves=12,
)


@given(json_values)
def test_any_json_is_read_without_an_error(value):
    read(json.dumps(value))
    assert read_answer(json.dumps(value)).content is not None


@given(st.text())
def test_any_body_is_read_without_an_error(raw):
    assert read_answer(raw).usage is None


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        pytest.param({"prompt_tokens": 12, "completion_tokens": 3}, Usage(12, 0, 3), id="as documented"),
        pytest.param(
            {"prompt_tokens": 12, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 8}},
            Usage(12, 8, 3),
            id="a part from a cache",
        ),
        pytest.param(
            {"prompt_tokens": 12, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 5000}},
            Usage(12, 12, 3),
            id="more from a cache than was read",
        ),
        pytest.param(
            {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 900},
            Usage(12, 0, 888),
            id="thinking that only the total counts",
        ),
        pytest.param(
            {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 4},
            Usage(12, 0, 3),
            id="a total that is too small",
        ),
        pytest.param(
            {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": "many"},
            Usage(12, 0, 3),
            id="a total that is no number",
        ),
        pytest.param({"prompt_tokens": 12.0, "completion_tokens": 3.0}, Usage(12, 0, 3), id="floats"),
        pytest.param({"prompt_tokens": 12, "completion_tokens": 0}, Usage(12, 0, 0), id="nothing was said"),
        pytest.param({"prompt_tokens": 0, "completion_tokens": 0}, None, id="no prompt is empty"),
        pytest.param({"prompt_tokens": 12}, None, id="half of it"),
        pytest.param({"prompt_tokens": True, "completion_tokens": 3}, None, id="true is no count"),
        pytest.param({"prompt_tokens": float("nan"), "completion_tokens": 3}, None, id="not a number"),
        pytest.param({"prompt_tokens": 10**30, "completion_tokens": 3}, None, id="more than can be stored"),
        pytest.param(None, None, id="null"),
    ],
)
def test_usage_is_read_or_known_to_be_untold(usage, expected):
    assert read_answer(json.dumps({"choices": [{}], "usage": usage})).usage == expected


def test_half_a_surrogate_can_be_stored():
    found = read(items({**GOOD_A, "en": "PDF \ud83d report"}, GOOD_B))[0]
    assert found.en.encode("utf-8")


def test_half_a_surrogate_in_an_entry_at_fault_can_be_stored():
    content = items({**GOOD_A, "en": "**PDF** \ud83d report", "fr": "Été"}, GOOD_B)
    fault = parse(Answer(content, "stop", "", (0, 0, 0)), ASKED, swapped).items["aaaa"]
    assert fault.reason == "markdown" and "Été" in fault.raw and fault.raw.encode("utf-8")
