from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nomenclair.sorted_lines import SortedLines, WordList

words = st.text(st.characters(categories=("L",)), min_size=1, max_size=3)


@given(st.frozensets(words, max_size=40), words)
def test_a_list_holds_its_words_and_no_others(held, asked):
    listed = WordList("".join(f"{word}\n" for word in sorted(held)).encode())
    assert all(word in listed for word in held)
    assert (asked in listed) == (asked in held)


@given(
    st.lists(st.binary(max_size=4).map(lambda line: line.replace(b"\n", b"")), max_size=30),
    st.binary(min_size=1, max_size=3).filter(lambda prefix: b"\n" not in prefix),
    st.integers(1, 30),
)
@example(lines=[b"", b"\x00"], prefix=b"\x00", block=1)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_first_line_with_a_prefix(monkeypatch, lines, prefix, block):
    monkeypatch.setattr("nomenclair.sorted_lines.BLOCK", block)
    lines = sorted({line + b"\n" for line in lines})
    wanted = next((i for i, line in enumerate(lines) if line.startswith(prefix)), None)
    found = SortedLines(b"".join(lines)).first_with(prefix)
    assert found == (-1 if wanted is None else len(b"".join(lines[:wanted])))


def test_a_lone_surrogate_is_in_no_list():
    assert "\udce9" not in WordList(b"a\n")
