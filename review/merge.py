"""Two reviewers' words joined, with how far they agree."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from review.sheet import joined
from review.words import Word, as_note, rival_of, with_rival


@dataclass(frozen=True, slots=True)
class Merged:
    """`words` by id; `both` pairs were judged by both, `agreed` of them alike; `kappa` is Cohen's, on the
    verdicts keep / edited / dropped, or None where it is undefined."""

    words: Mapping[str, Word]
    both: int
    agreed: int
    kappa: float | None


def merge(first: Mapping[str, Word], second: Mapping[str, Word]) -> Merged:
    """Join two files of words. Where they contradict each other the first's stands and the second's is its
    rival: the next sheet and page show both until a person decides."""
    words = add(first, second)
    judged = [(first[k], second[k]) for k in sorted(first.keys() & second.keys())]
    judged = [(a, b) for a, b in judged if a.verdict and b.verdict]
    return Merged(
        words,
        len(judged),
        sum(a.verdict == b.verdict for a, b in judged),
        cohen_kappa([(a.verdict, b.verdict) for a, b in judged]),
    )


def add(base: Mapping[str, Word], more: Mapping[str, Word]) -> dict[str, Word]:
    """The base with every word of `more`: new ones taken, contradicting ones as rivals, none lost."""
    return {**more, **{key: _both(word, more[key]) if key in more else word for key, word in base.items()}}


def _both(first: Word, second: Word) -> Word:
    """Two words on one pair as one; the first stands unless it is a note alone."""
    stands, other = (second, first) if second.verdict and not first.verdict else (first, second)
    stands = replace(stands, note=joined(first.note, second.note))
    if other.verdict and not same(stands, other):
        stands = with_rival(stands, other)
    for rival in filter(None, (rival_of(first), rival_of(second))):
        stands = _with_rival_or_note(stands, rival)
    return stands


def _with_rival_or_note(stands: Word, rival: Word) -> Word:
    """A further rival beside a word: its rival where it has none yet, else a note; nothing if it is said already."""
    waits = rival_of(stands)
    if any(word.verdict and same(rival, word) for word in filter(None, (stands, waits))):
        return stands
    if waits is None:
        return with_rival(stands, rival)
    return replace(stands, note=joined(stands.note, as_note(rival)))


def same(one: Word, other: Word) -> bool:
    """Do two words say the same: both dropped, or both the same texts?"""
    if "dropped" in (one.verdict, other.verdict):
        return one.verdict == other.verdict
    return (one.fr, one.en) == (other.fr, other.en)


def cohen_kappa(verdicts: Sequence[tuple[str, str]]) -> float | None:
    """Agreement beyond chance: 1 all, 0 what chance gives; None without verdicts or with a single one.

    >>> cohen_kappa([("keep", "keep"), ("dropped", "dropped"), ("keep", "dropped"), ("dropped", "keep")])
    0.0
    """
    total = len(verdicts)
    if not total:
        return None
    observed = sum(a == b for a, b in verdicts) / total
    firsts, seconds = Counter(a for a, _ in verdicts), Counter(b for _, b in verdicts)
    chance = sum(firsts[v] * seconds[v] for v in firsts) / total**2
    return None if chance == 1 else (observed - chance) / (1 - chance)
