"""Two reviewers' words joined, with how far they agree."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from review.apply import Word, with_rival


@dataclass(frozen=True, slots=True)
class Merged:
    """`words` by id; `both` pairs were judged by both, `agreed` of them alike; `kappa` is Cohen's, on the
    verdicts keep / edited / dropped, or None where it is undefined."""

    words: Mapping[str, Word]
    both: int
    agreed: int
    conflicts: int
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
        sum(not same(a, b) for a, b in judged),
        cohen_kappa([(a.verdict, b.verdict) for a, b in judged]),
    )


def add(base: Mapping[str, Word], more: Mapping[str, Word]) -> dict[str, Word]:
    """The base with every word of `more`: new ones taken, contradicting ones as rivals, none lost."""
    out = dict(base)
    for key, word in more.items():
        stands = out.get(key)
        if stands is None or (not stands.verdict and word.verdict):
            out[key] = word
            continue
        if word.verdict and not same(stands, word):
            stands = with_rival(stands, word.fr, word.en, word.verdict, word.note, word.by)
        elif word.note and word.note not in stands.note:
            stands = replace(stands, note=f"{stands.note} / {word.note}" if stands.note else word.note)
        if word.rival_by and not stands.rival_by:
            rival = (word.rival_fr, word.rival_en, word.rival_verdict)
            stands = with_rival(stands, *rival, "", word.rival_by)
        out[key] = stands
    return out


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
