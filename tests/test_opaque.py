"""nomenclair.opaque: names of a counter, a day or a hash, told without a model."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nomenclair import names, opaque


@pytest.mark.parametrize(
    ("stem", "en", "fr"),
    [
        pytest.param("IMG_0042", "X no. 42", "X n° 42", id="a camera's counter"),
        pytest.param("img e0913", "X no. 913", "X n° 913", id="an edited picture, in small letters"),
        pytest.param("DSCN0921", "X no. 921", "X n° 921", id="joined to the camera's letters"),
        pytest.param("_MG_6608", "X no. 6608", "X n° 6608", id="a camera that begins with a line"),
        pytest.param("R0012345", "X no. 12345", "X n° 12345", id="one letter and seven digits"),
        pytest.param("00017", "X no. 17", "X n° 17", id="zeros before a number: a counter"),
        pytest.param(
            "20240102_101112", "X from 2 January 2024", "X du 2 janvier 2024", id="a day and its clock"
        ),
        pytest.param(
            "PXL_20240501_081544123", "X from 1 May 2024", "X du 1er mai 2024", id="the first of a month"
        ),
        pytest.param(
            "VID_20240102_1011", "X from 2 January 2024", "X du 2 janvier 2024", id="a clock without seconds"
        ),
        pytest.param("20240229", "X from 29 February 2024", "X du 29 février 2024", id="a leap year's day"),
        pytest.param("2020-12-24", "X from 24 December 2020", "X du 24 décembre 2020", id="a day alone"),
        pytest.param(
            "DJI_20240611174022_0007_D",
            "X no. 7 from 11 June 2024",
            "X n° 7 du 11 juin 2024",
            id="both, and a tail",
        ),
        pytest.param("9DC08797A0F63F7C", "X", "X", id="a hash"),
        pytest.param("3f2b8c1e-0d4a-4b6e-9c7d-1a2b3c4d5e6f", "X", "X", id="a UUID"),
    ],
)
def test_told(stem, en, fr):
    assert (opaque.told(stem, "X", "en"), opaque.told(stem, "X", "fr")) == (en, fr)


@pytest.mark.parametrize(
    "stem",
    [
        pytest.param("404", id="a short number may be anything"),
        pytest.param("2024", id="a year of what the model may know"),
        pytest.param("1623456789", id="seconds since 1970"),
        pytest.param("20241301", id="no month"),
        pytest.param("20230231", id="no day of its month"),
        pytest.param("IMG_20210431_1", id="no day of its month, a camera's"),
        pytest.param("20230229_101112", id="no leap year, with a clock"),
        pytest.param("01022024", id="a day that begins with its day"),
        pytest.param("240102", id="a day of a short year"),
        pytest.param("T1_2024", id="a quarter"),
        pytest.param("vpx3220", id="a device"),
        pytest.param("IMG_plage_0042", id="a word"),
        pytest.param("imgur_0042", id="a word that begins as a camera does"),
        pytest.param("0042_0043", id="two numbers"),
        pytest.param("IMG_0042 (2)", id="a copy"),
        pytest.param("20240102_09184422", id="a clock of hundredths"),
        pytest.param("IMG", id="a camera's letters alone"),
        pytest.param("_-_", id="separators alone"),
        pytest.param("", id="nothing"),
    ],
)
def test_left_to_the_model(stem):
    assert opaque.told(stem, "X", "en") is None
    assert opaque.told(stem, "X", "fr") is None


@pytest.mark.parametrize(
    ("stem", "en", "fr"),
    [
        pytest.param("S02E05", "X of season 2, episode 5", "X de la saison 2, épisode 5", id="an episode"),
        pytest.param(
            "s10.e105", "X of season 10, episode 105", "X de la saison 10, épisode 105", id="a long season"
        ),
        pytest.param("S02E05 Pilote", None, None, id="a word behind it"),
        pytest.param("AS02E05", None, None, id="a letter before it"),
        pytest.param("S2024E05", None, None, id="a year is no season"),
        pytest.param("E05", None, None, id="no season"),
    ],
)
def test_episode(stem, en, fr):
    assert (opaque.episode(stem, "X", "en"), opaque.episode(stem, "X", "fr")) == (en, fr)


@given(
    st.one_of(
        st.text(max_size=60), st.from_regex(r"[A-Z]{0,4}[_-]?[0-9]{0,9}[ _-]?[0-9]{0,6}", fullmatch=True)
    )
)
def test_no_number_that_the_name_lacks(stem):
    """Each number of the text stands in the name, without its zeros; both languages tell the same ones."""
    told = [opaque.told(stem, "X", lang) for lang in ("en", "fr")]
    assert (told[0] is None) == (told[1] is None)
    if told[0] is None:
        return
    assert all(number in stem for number in re.findall("[0-9]+", told[0]))
    folded = {names.fold(w) for w in re.findall(r"[^\W\d_]+", told[1])}
    assert folded <= {"x", "n", "du", "er", *map(names.fold, names.FRENCH_MONTHS)}
