"""Which of a word's senses the written pairs use: the likelier one is told first."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from nomenclair import names

Senses = Mapping[str, Sequence[str]]  # {folded word: what it may be in one language, as a glossary tells it}
ENDINGS = 3  # letters that a form of a word has more or less than the sense that is told


def uses(described: Iterable[tuple[str, str]], senses: Senses) -> Counter[tuple[str, str]]:
    """{(word, sense): in how many descriptions of a name that holds the word that sense is said}.

    `described` are (name, text) of one language. Words with one sense are not counted.
    """
    several = {word for word, told in senses.items() if len(told) > 1}
    found: Counter[tuple[str, str]] = Counter()
    for name, text in described:
        said = None
        for word in {names.fold(w) for w in names.words(names.split_ext(name)[0])} & several:
            said = said or _said(text)
            found.update((word, sense) for sense in senses[word] if is_said(sense, said))
    return found


def by_use(word: str, told: Sequence[str], used: Mapping[tuple[str, str], int]) -> list[str]:
    """The senses, those first that are said more often; those said alike in the order that they had.

    >>> by_use("devis", ["estimate", "quote"], {("devis", "quote"): 3})
    ['quote', 'estimate']
    """
    return sorted(told, key=lambda sense: -used.get((word, sense), 0))


def _said(text: str) -> list[str]:
    """The text's words; the first one without its capital, which says nothing."""
    text = text.replace("’", "'").replace("'", " ")
    return names.words(text[:1].lower() + text[1:]) + names.words(text)[:1]


def is_said(sense: str, said: Sequence[str]) -> bool:
    """Whether each word of a sense (`serrure f`, `Zoé g`) is among a text's words, in whatever form.

    What has a capital in the one has it in the other: `Daisy` is not a daisy.
    """
    wanted = [word for word in sense.split() if len(word) > 2] or sense.split()[:1]
    return all(any(_alike(word, other) for other in said) for word in wanted)


def _alike(word: str, other: str) -> bool:
    if word[:1].isupper() != other[:1].isupper():
        return False
    word, other = names.fold(word), names.fold(other)
    stem = word[: max(4, len(word) - 2)]
    return other == word or (len(word) > 3 and other.startswith(stem) and len(other) <= len(word) + ENDINGS)
