"""The glossary that goes with the base: the forms of all words that the corpus translates.

    python -m train.base.glossary OUT

Words and phrases are those of corpus/lexicon.tsv and corpus/dictionary.tsv; datagen.realise gives their plurals,
feminines, third persons and participles. Names of persons, towns and brands (corpus/proper_names.tsv) are told with
their class. Of a word's senses the one that the training pairs say most often comes first. Extensions that few of the
training pairs have are told too. What a reader set right (corpus/glosses.tsv) stands instead of what the rows give.
"""

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from datagen import realise
from nomenclair import names
from nomenclair.contract import LANGUAGES, SENSES
from nomenclair.glossary import LITTLE, Glossary
from nomenclair.kinds import KindTable
from train.base import proper_names
from train.base.compose import Lexicon, Word
from train.base.proper_names import ProperName
from train.base.told_kinds import rare_kinds
from train.base.uses import by_use, uses

# A word is the lemma rather than a plural, a plural rather than a participle. What somebody is DOING is told beside a
# lemma, last: `peeling` is a thing, and what a cook does. A French participle without its accent is a third person
# too (`signe`: signé, signe).
DOING, THIRD = "doing", "third"
PARTS = (("lemma",), ("form",), (DOING,), ("participle", THIRD))


def forms(word: Word, pos: str) -> Iterator[tuple[str, str]]:
    """(form, one of the parts of PARTS) of a word in its own language."""
    lemma, french = word.form, word.lang == "fr"
    yield lemma, "lemma"
    if pos in "ND":
        yield realise.noun_fr(lemma, word.gender, True) if french else realise.plural_en(lemma), "form"
    elif pos == "A" and french:
        for gender, plural in (("f", False), ("m", True), ("f", True)):
            yield realise.adjective_fr(lemma, gender, plural), "form"
    elif pos == "V":
        past, present = realise.participles(lemma, "fr" if french else "en")
        one_word = " " not in lemma
        for gender, plural in ((g, n) for g in "mf" for n in (False, True) if french and one_word):
            yield realise.adjective_fr(past, gender, plural), "participle"
        yield (realise.verb_fr(lemma), THIRD) if french else (realise.verb_en(lemma), "form")
        yield present, "form" if french else DOING
        if one_word and not french:
            yield past, "participle"
            yield realise.past_en(lemma), "form"


def told(word: Word, pos: str, form: str, part: str, lang: str) -> str:
    """What is told of a form in `lang`: a noun with its gender in French, a verb in its third person.

    In its own language a word is told only what its letters lack: accents, a noun's gender, what is abbreviated; a
    French infinitive its third person, which it does not show (`recevoir`: reçoit). Of phrases that are nouns the
    plural is told, for it is not one ending.
    """
    lemma = word.en if lang == "en" else word.fr
    if pos == "V" and part == "lemma" and word.lang == lang == "fr":
        return realise.verb_fr(word.form)
    if pos == "N" and part == "form" and " " in word.en + word.fr:
        if lang == "en":
            return realise.plural_en(lemma)
        return f"{realise.noun_fr(lemma, word.gender, True)} {word.gender[0]}p"
    if (
        word.lang == lang
        and names.fold(word.form) == names.fold(lemma)
        and not (lang == "fr" and pos in "ND")
    ):
        return form
    if pos == "V":
        # `set limits` is what a program does, though its simple past is written alike.
        past = word.lang == "en" and part == "form" and form == realise.past_en(word.form)
        if part == "participle" or past:
            return realise.participles(lemma, lang)[0]
        return realise.verb_en(lemma) if lang == "en" else realise.verb_fr(lemma)
    return f"{lemma} {word.gender}" if lang == "fr" and pos in "ND" else lemma


def senses(lexicon: Lexicon) -> Iterator[tuple[str, Word, bool]]:
    """(part of speech, word, whether it stands for the word itself) of every row; of words without a row, of those
    that they translate.

    An English noun that a French verb translates (`swallow`) stands for that verb in what somebody is doing or has
    done (`swallowing`), not by itself.
    """
    rows = [(pos, word) for pos, words in lexicon.by_pos.items() if pos in "NDAVPXYQ" for word in words]
    for pos, word in rows:
        if pos not in "XYQ" and not (pos == "P" and realise.is_word(word.form.lower())):
            yield pos, word, True
    own = {(word.lang, names.fold(word.form)) for _, word in rows}
    verbs = {(word.lang, names.fold(word.form)) for pos, word in rows if pos == "V"}
    for pos, word in rows:
        lang, form = ("en", word.en) if word.lang == "fr" else ("fr", word.fr)
        here = (lang, names.fold(form))
        alone = not {here, ("xx", here[1])} & own
        if pos in "NDAV" and (
            alone or (pos == "V" and lang == "en" and " " not in form and here not in verbs)
        ):
            yield pos, replace(word, form=form, lang=lang), alone


def key_of(form: str) -> str:
    """How a glossary holds a form: folded, a phrase without little words; "" for what no name could be found by."""
    words = [names.fold(word) for word in names.words(form)]
    kept = [word for word in words if word not in LITTLE]
    if len(words) == 1:
        return words[0] if form.isalpha() else ""
    return " ".join(kept) if len(kept) > 1 and kept[0] == words[0] else ""


def set_right(path: Path) -> dict[str, tuple[str, str]]:
    """{folded form: (English, French)} of corpus/glosses.tsv; two empty cells for what is not to be told."""
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    return {key: (english, french) for key, english, french in (line.split("\t") for line in lines)}


def glosses(
    lexicon: Lexicon,
    proper: Iterable[ProperName] = (),
    rows: Sequence[tuple[str, str, str]] = (),
    corrected: Mapping[str, tuple[str, str]] = MappingProxyType({}),
) -> dict[str, tuple[str, str]]:
    """{folded form: (English, French)} of the lexicon's words and of proper names.

    What the texts of rows (name, English, French) use more often stands first among a word's senses; `corrected`
    forms stand as they are.
    """
    found: dict[str, dict[str, dict[str, str]]] = {}
    for pos, word, itself in senses(lexicon):
        if not key_of(word.form):
            continue
        for form, part in forms(word, pos):
            key = key_of(form)
            if not key or key in LITTLE or not (itself or part in (DOING, "participle")):
                continue
            for lang in LANGUAGES:
                by_lang = found.setdefault(key, {"en": {}, "fr": {}})[lang]
                by_lang.setdefault(told(word, pos, form, part, lang), part)
    named = {key: name for name in proper for key in name.forms()}
    cells: dict[str, tuple[str, ...]] = {key: () for key in found | named}
    for at, lang in enumerate(("en", "fr"), 1):
        known = {key: _texts(found.get(key, {}).get(lang, {}), named.get(key)) for key in cells}
        used = uses(((row[0], row[at]) for row in rows), {key: texts for key, (texts, _) in known.items()})
        for key, (texts, doing) in known.items():
            cells[key] += (_cell(key, by_use(key, texts, used), doing, named.get(key)),)
    return {key: both for key, both in {**cells, **corrected}.items() if any(both)}


def _texts(parts: Mapping[str, str], name: ProperName | None) -> tuple[list[str], list[str]]:
    """All senses of the first rank of PARTS that has any, a proper name's among them; what somebody is doing beside a
    lemma."""
    first = next((rank for rank in PARTS if not set(parts.values()).isdisjoint(rank)), ())
    texts = [text for text, part in parts.items() if part in first and "[" not in text]
    if name:
        texts = [text for text in texts if text.rpartition(" ")[0] != name.name != text]
        at = min(len(texts), max(SENSES) - 1) if name.also == "word" else 0
        return [*texts[:at], name.told(), *texts[at:]], []
    return texts, [text for text, part in parts.items() if part == DOING and "lemma" in first]


def _cell(key: str, texts: Sequence[str], doing: Sequence[str], name: ProperName | None) -> str:
    """As many senses as are told of a word or a phrase; none that says no more than the word."""
    most = 1 if " " in key else max(SENSES)  # a phrase has one
    doing = doing[: min(1, most - 1)]
    texts = [*texts[: most - len(doing)], *doing]
    says_more = name or any(
        text not in (key, key.removesuffix("s"), key.removesuffix("es")) for text in texts
    )
    return ", ".join(texts) if says_more else ""


def main() -> None:
    from train.base.build import CORPUS, seed_rows

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    rows = seed_rows(CORPUS)[0]
    words = glosses(
        Lexicon.load(CORPUS / "lexicon.tsv", CORPUS / "dictionary.tsv"),
        proper_names.load(CORPUS / "proper_names.tsv"),
        rows,
        set_right(CORPUS / "glosses.tsv"),
    )
    kinds = rare_kinds(KindTable.load(CORPUS / "kinds.tsv"), (name for name, _, _ in rows))
    Glossary.of_words(words | kinds).store(args.out)
    print(f"{len(words)} words and {len(kinds)} kinds in {args.out}")


if __name__ == "__main__":
    main()
