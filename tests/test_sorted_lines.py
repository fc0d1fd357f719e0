from hypothesis import given
from hypothesis import strategies as st

from nomenclair.sorted_lines import WordList, first_from

words = st.text(st.characters(categories=("L",)), min_size=1, max_size=3)


@given(st.frozensets(words, max_size=40), words)
def test_a_list_holds_its_words_and_no_others(held, asked):
    listed = WordList("".join(f"{word}\n" for word in sorted(held)).encode())
    assert all(word in listed for word in held)
    assert (asked in listed) == (asked in held)


@given(
    st.lists(st.binary(max_size=4).map(lambda line: line.replace(b"\n", b"")), max_size=30),
    st.binary(max_size=3),
)
def test_the_first_line_from_a_needle_on(lines, needle):
    lines = sorted(line + b"\n" for line in lines)
    before = [line for line in lines if line < needle]
    assert first_from(b"".join(lines), needle) == len(b"".join(before))


def test_a_lone_surrogate_is_in_no_list():
    assert "\udce9" not in WordList(b"a\n")
