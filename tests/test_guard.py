import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from datagen.corpus import kinds, seed_pairs
from nomenclair.contract import LANGUAGES
from nomenclair.guard import fault, mended, vocabulary
from nomenclair.names import fold, is_opaque

KINDS = kinds()
WORDS = vocabulary(
    [
        "PDF report of the invoices",
        "Rapport PDF des factures",
        "Script qui exporte la série",
        "JPEG document photo from",
        "third first quarter, season, episode",
        "premier trimestre, deuxième semestre",
    ]
)


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        pytest.param("report_2023.pdf", "PDF report for 2023", None, id="the name's year"),
        pytest.param(
            "report_2024-0153.pdf",
            "PDF report, 5 January 2024",
            "date 5 january 2024",
            id="no date in a number",
        ),
        pytest.param(
            "report_2024-0153.pdf", "PDF report, January 2024", "date january 2024", id="no month in a number"
        ),
        pytest.param("report_2024-1-5.pdf", "PDF report, 5 January 2024", None, id="a date of single digits"),
        pytest.param(
            "report_20240105101112.pdf", "PDF report, 5 January 2024", None, id="a date with its clock"
        ),
        pytest.param("report_05012024.pdf", "PDF report, January 2024", None, id="a day left out"),
        pytest.param("q3_report.pdf", "PDF report of the third quarter", None, id="the name's quarter"),
        pytest.param(
            "rapport_T3.pdf",
            "Rapport PDF du premier trimestre",
            "period premier trimestre",
            id="not its quarter",
        ),
        pytest.param("report_3Q24.pdf", "PDF report of the third quarter", None, id="the number first"),
        pytest.param("rapport_S2.pdf", "Rapport PDF du deuxième semestre", None, id="the name's half year"),
        pytest.param(
            "rapport_S1.pdf",
            "Rapport PDF du premier trimestre",
            "period premier trimestre",
            id="a half is no quarter",
        ),
        pytest.param(
            "report first quarter.pdf", "PDF report of the first quarter", None, id="a quarter in words"
        ),
        pytest.param(
            "planning_S23.pdf",
            "Rapport PDF du semestre 23",
            "period semestre 23",
            id="a week is no half year",
        ),
        pytest.param(
            "rapport_T3_24.pdf", "Rapport PDF du trimestre 24", None, id="a year behind the quarter"
        ),
        pytest.param("office_S02E05.jpg", "JPEG photo, season 2 episode 5", None, id="the name's season"),
        pytest.param("office_S02E05.jpg", "JPEG photo, season 5", "season 5", id="an episode is no season"),
        pytest.param(
            "office_s02e05.jpg", "JPEG photo, season 2e", "episode 2e", id="a season cut behind its number"
        ),
        pytest.param(
            "office_S02E05.720p.jpg", "JPEG photo, episode 720p", "episode 720p", id="a height is no episode"
        ),
        pytest.param("office_ep_3b.jpg", "JPEG photo, episode 3b", None, id="the name's lettered episode"),
        pytest.param(
            "office_s02e05.jpg", "Photo JPEG, saison 2e", "episode 2e", id="a season cut, in French"
        ),
        pytest.param(
            "office_S02E05.720p.jpg", "Photo JPEG, épisode 720p", "episode 720p", id="a height, in French"
        ),
        pytest.param("report 2023-2024.pdf", "PDF report 2023-2024", None, id="years side by side"),
        pytest.param("report 2023-2024.pdf", "PDF report from 2023 to 2024", None, id="years as a span"),
        pytest.param(
            "report 2023-2024.pdf", "PDF report of 2023 for 2024", "years 2023 2024", id="years torn apart"
        ),
        pytest.param("report 2023-2024.pdf", "PDF report 2023-202", "number 2023-202", id="a year cut short"),
        pytest.param("report 2023-2024.pdf", "PDF report 2023-24", None, id="a year in two digits"),
        pytest.param("report_2023.pdf", "PDF report for 2024", "number 2024", id="another year"),
        pytest.param("report_0042.jpg", "JPEG report no. 42", None, id="leading zeros are not told"),
        pytest.param("report_0935.jpg", "Report no. 35", "number 35", id="a counter of half a number"),
        pytest.param("rapport_0935.jpg", "Rapport JPEG n° 935", None, id="and of a whole one"),
        pytest.param(
            "report_15-10-26.pdf", "PDF report, 15 October 2026", None, id="a year of two digits written out"
        ),
        pytest.param(
            "rapport20230114.pdf", "Rapport PDF du 14 janvier 2023", None, id="a date in one run of digits"
        ),
        pytest.param(
            "report 2023-06-02.log",
            "Report, 2 February 2023",
            "date 2 february 2023",
            id="its day is no month",
        ),
        pytest.param("report 06-02-2023.pdf", "PDF report, 2 June 2023", None, id="American order"),
        pytest.param(
            "DJI_20230611174022_0007.MP4",
            "Vidéo MP4 n° 7 du 4 juin 2022",
            "date 4 juin 2022",
            id="a date put together from a clock's digits",
        ),
        pytest.param(
            "report 2023-06-02.log", "Report, 2 March 2023", "month March", id="a month that nothing gives"
        ),
        pytest.param("DJI_20230611.MP4", "Vidéo MP4 du 20 juin", "date 20 juin", id="a day that is no day"),
        pytest.param("rapport 11-6.pdf", "Rapport PDF du 11 juin", None, id="a day and its month"),
        pytest.param("rapport 11-06.pdf", "PDF report from 11 June", None, id="with a zero"),
        pytest.param("report_2023-06.pdf", "PDF report for June 2023", None, id="no day"),
        pytest.param(
            "report_2023-06.pdf", "PDF report no. 2023-06", "number 2023-06", id="a month is no counter"
        ),
        pytest.param("rapport n°2023-06.pdf", "Rapport PDF n° 2023-06", None, id="unless the name says so"),
        pytest.param(
            "report_2019_045.pdf",
            "PDF report, 5 April 2019",
            "date 5 april 2019",
            id="no day in a year's counter",
        ),
        pytest.param("report_2019_045.pdf", "PDF report no. 45, 2019", None, id="a year's counter"),
        pytest.param("report_5_4_2019.pdf", "PDF report, 5 April 2019", None, id="single digits apart"),
        pytest.param("rapport_ride.pdf", "Rapport de l'ride", "misspelt l'ride", id="an article cut short"),
        pytest.param(
            "karcher.pdf", "Document PDF du K\ufffdrcher", "misspelt \ufffd", id="half a character's bytes"
        ),
        pytest.param(
            "releve_1234_2024_02.pdf",
            "Rapport du 1234 février 2024",
            "misspelt 1234 février",
            id="no day of a month",
        ),
        pytest.param("Ride.pdf", "Rapport PDF de l'Ride", "misspelt l'Ride", id="before a name"),
        pytest.param("rapport_aride.pdf", "Rapport PDF de l'aride", None, id="before a vowel it may be"),
        pytest.param(
            "rapport_XML.pdf", "Rapport PDF de l'XML", None, id="and before letters said one by one"
        ),
        pytest.param(
            "report_rock.pdf", "PDF report rock'n'roll", "word roll", id="an English contraction is none"
        ),
        pytest.param("report.pdf", "PDF report report", "twice report", id="a word twice in a row"),
        pytest.param("report report.pdf", "PDF report report", None, id="as in the name"),
        pytest.param("rapport_sept.pdf", "PDF September report", None, id="a month cut short"),
        pytest.param("facture_zorbla.pdf", "Facture PDF Zorbla", None, id="a word of the name"),
        pytest.param("facture_zorbla.pdf", "Factures PDF de zorblas", None, id="its plural"),
        pytest.param("facture_edf.pdf", "Macodance EDF", "word Macodance", id="no word of either language"),
        pytest.param("serie.sh", "Script qui exporte les séries", None, id="a plural of a known word"),
        pytest.param("bills.log", "Invoices of the invoices of invoices", "loop invoices", id="a loop"),
        pytest.param("a1b2c3d4.pdf", "Document PDF", None, id="an opaque name's kind"),
        pytest.param("IMG_0042.jpg", "Photo JPEG n° 42", None, id="and its number"),
        pytest.param("20230114.pdf", "PDF document from 14 January 2023", None, id="or its date"),
        pytest.param("a1b2c3d4.pdf", "PDF report", "subject report", id="an opaque name has no subject"),
        pytest.param("vpx3220.pdf", "PDF document vpx3220", None, id="letters of its own"),
        pytest.param("DJI_0007_D.mp4", "MP4 video no. 7D", "number 7D", id="a letter from elsewhere"),
        pytest.param("invoice_2022-0008.pdf", "Facture n° 2022-008", "number 2022-008", id="a digit lost"),
        pytest.param(
            "invoice_2022_0008.pdf", "Factures PDF n° 2022-0008", None, id="a number counted by year"
        ),
        pytest.param(
            "facture_012b.pdf", "Facture PDF n° 12b", None, id="a letter that belongs to the number"
        ),
        pytest.param("plan.jp2", "JPEG 2000 report", None, id="the number of a format"),
        pytest.param("net_list_all.pdf", "Serie PDF net_list_all", None, id="joined words of the name"),
        pytest.param("net_list_all.1.gz", "Serie net_all", "joined net_all", id="joined as the name is not"),
        pytest.param(
            "test_clean.pdf", "Report PDF test-clean-cerb", "joined test-clean-cerb", id="half copied"
        ),
        pytest.param(
            "test_clean_suite.pdf", "PDF test-clean-suite", None, id="words of the name, hyphens between"
        ),
        pytest.param("child_6-years.pdf", "PDF for a 6-year-old child", None, id="an age"),
        pytest.param("trick or treat.pdf", "PDF of trick-or-treats", None, id="an ending the name has not"),
        pytest.param("août of.pdf", "PDF out-of-first", None, id="hyphens that are none of the name's"),
        pytest.param("", "", None, id="nothing"),
        pytest.param("report.pdf", "Report", "kind .pdf", id="its kind is missing"),
        pytest.param("report.pdf", "JPEG report", "kind .pdf", id="another kind"),
        pytest.param(
            "report.zzz", "Report", "kind .zzz", id="a short extension that the table lacks: its letters"
        ),
        pytest.param("report.zzz", "ZZZ report", None, id="its letters said"),
        pytest.param("report.zzzz", "Report", None, id="a suffix that is a word"),
        pytest.param(
            "parse_http.log", "HttpS log report", "word HttpS", id="a capital is no plural's ending"
        ),
        pytest.param("parse_https.log", "HTTPS log report", None, id="all letters are capitals"),
    ],
)
def test_what_may_not_be_said(name, text, found):
    assert fault(name, text, WORDS, KINDS.of(name)) == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        pytest.param("fr: CR [ compte rendu m ] 12 .pdf", None, id="what its letters abbreviate"),
        pytest.param("fr: CR 12 .pdf", "subject Comptes", id="nobody told it so"),
    ],
)
def test_letters_without_a_vowel_may_be_an_abbreviation(source, found):
    words = WORDS | {"compte", "rendu"}
    assert fault("CR_12.pdf", "Comptes rendus PDF n° 12", words, KINDS.of("CR_12.pdf"), source) == found


def test_no_pair_of_the_corpus_is_faulty():
    """Its own words being known, only numbers, months and loops could be: what a careful writer wrote has none.

    Opaque names aside: what little a writer reads in some of them (GOPR is a GoPro's) a guard cannot know.
    """
    pairs = [pair for pair in seed_pairs() if not is_opaque(pair.name)]
    words = {lang: vocabulary(pair.text(lang) for pair in pairs) for lang in LANGUAGES}
    faulty = [
        (p.name, p.text(lang), f)
        for p in pairs
        for lang in LANGUAGES
        if (f := fault(p.name, p.text(lang), words[lang], KINDS.of(p.name)))
    ]
    assert len(faulty) < len(pairs) / 200, faulty[:20]


def test_the_kind_is_wanted_only_of_a_student_whose_pairs_tell_it():
    name = "report.pdf"
    assert fault(name, "Report", WORDS, KINDS.of(name), named=False) is None


@given(st.text(max_size=80), st.text(max_size=80))
@example("", "A_A")
def test_any_name_and_text_get_an_answer(name, text):
    found = fault(name, text, WORDS, KINDS.of(name))
    reason, *said = (found or "none").split()
    assert reason in ("none", "number", "month", "date", "joined", "kind", "loop", "subject", "word")
    quoted = name if reason == "kind" else text
    assert all(part in quoted or part in fold(quoted) for part in said), (
        "a fault quotes the text, or the name"
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("Rapport PDF du 1 mai 2023", "Rapport PDF du 1er mai 2023", id="the first of a month"),
        pytest.param("Rapport PDF du 11 mai 2023", "Rapport PDF du 11 mai 2023", id="the eleventh"),
        pytest.param("Archive TAR de 5 mai", "Archive TAR du 5 mai", id="a day without its article"),
        pytest.param("Salade de 5 maïs", "Salade de 5 maïs", id="no day"),
        pytest.param("C header of gcloud- alpha", "C header of gcloud-alpha", id="a gap after a hyphen"),
        pytest.param("Page de gcloud_ alpha_ids", "Page de gcloud_alpha_ids", id="a gap after an underscore"),
        pytest.param("Gants gauche- et droitiers", "Gants gauche- et droitiers", id="a hyphen that waits"),
        pytest.param("RST text on __eq__ of a class", "RST text on __eq__ of a class", id="a word's own end"),
        pytest.param("Excel list - draft", "Excel list - draft", id="a dash"),
    ],
)
def test_what_can_be_mended_is(text, found):
    assert mended(text) == found == mended(found)
