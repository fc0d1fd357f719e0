"""Does a word of a description have a source in the name? Through the bilingual lexicon and the kinds table."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from datagen.language import FUNCTION_WORDS
from datagen.lexicon import Lexicon
from datagen.spelling import dictionary
from nomenclair.contract import Lang
from nomenclair.kinds import Kind, KindTable
from nomenclair.names import MONTH_WORDS, fold, split_ext, words
from nomenclair.records import Pair
from nomenclair.workspace import REPOSITORY

TEXT_WORD = re.compile(r"[^\W\d_]+")

# What a description may always say: forms of a date or a number, and words that frame the rest.
FRAME = frozenset(
    """file fichier document image script source code data donnees list liste version number numero copy
    copie part partie page first second third fourth premier premiere deuxieme troisieme quatrieme
    quarter trimestre semester semestre monday tuesday wednesday thursday friday saturday sunday lundi mardi mercredi
    jeudi vendredi samedi dimanche year annee day jour week semaine month mois dated date format type no
    nos vers volume tome morning evening set ensemble module function fonction use using used utilise
    utilisant compressed compresse text texte written ecrit fiche entry entree series serie section
    sound son episode season saison days jours hours heures side recto verso project projet during
    pendant before avant after apres temporary temporaire package paquet extension language langue
    partial partiel untitled sans titre name nom names noms simple main principal configuration config
    backup sauvegarde archive template modele model test tests icon icone film macos linux windows
    debian software logiciel generic blank vierge manual manuel migration photo map carte hook reply
    reponse note notes class classe method methode instance message messages web python word apple
    screen ecran planning schedule letter lettre recipe recette track piste drawing dessin layout mise
    forme job poste symbol symbole voice vocal meeting reunion font police print application app catalog
    catalogue definition definitions sequence sequences task tache encrypted chiffre chiffree error
    erreur chapter chapitre report rapport scan table export database base recording enregistrement
    animation french francais english anglais german allemand userscript graph graphe tool outil
    settings""".split()
).union(MONTH_WORDS)
ENDINGS = re.compile(
    r"(?:ements?|ations?|ateurs?|atrices?|ings?|ers?|eurs?|euses?|ees?|es?|ed|aux|als?|ent|ant|ir|oir|it|y|s|x|e)$"
)


def stem(word: str) -> str:
    """A rough stem that joins the forms of a word in either language: what stands before usual endings.

    >>> stem("événements") == stem("evenement"), stem("invoices") == stem("invoice")
    (True, True)
    """
    bare = fold(word)
    cut = ENDINGS.sub("", bare)
    return (cut if len(cut) >= 3 else bare)[:7]


@dataclass(frozen=True, slots=True)
class Sources:
    """`related` maps a stem to the stems that the lexicon ties to it, across languages; `kind_words` has
    the stems of all that the files of one kind tag are called, `plain` both dictionaries without accents,
    `forms` every word that the lexicon has or gives, `abroad` what a proper name is in the other language."""

    related: Mapping[str, frozenset[str]]
    kind_words: Mapping[str, frozenset[str]]
    formats: frozenset[str]
    plain: frozenset[str]
    forms: frozenset[str]
    abroad: Mapping[str, frozenset[str]]
    kinds: KindTable
    lexicon: Lexicon

    @classmethod
    @cache
    def load(cls, folder: Path = REPOSITORY / "corpus") -> "Sources":
        lexicon = Lexicon.load(folder / "lexicon.tsv")
        related: dict[str, set[str]] = {}
        for entry in lexicon.entries():
            stems = {stem(w) for text in (entry.en, entry.fr) for w in content(text)}
            found = TEXT_WORD.findall(entry.word)
            # The small words of an expression (de, of) would tie everything to everything.
            stems |= {stem(w) for w in found if len(found) == 1 or _says_something(w)}
            for one in stems:
                related.setdefault(one, set()).update(stems)
        kinds = KindTable.load(folder / "kinds.tsv")
        called: dict[str, set[str]] = {}
        for kind in kinds.by_pattern.values():
            called.setdefault(kind.kind, set()).update(kind_stems(kind))
        plain = dictionary("en") | dictionary("fr")
        marks = {fold(mark) for kind in kinds.by_pattern.values() for mark in kind.marks}
        formats = frozenset(m for m in marks if len(m) > 2 and f".{m}" in kinds.by_pattern and m not in plain)
        texts = (text for e in lexicon.entries() for text in (e.word, e.en, e.fr))
        forms = frozenset(w.casefold() for text in texts for w in TEXT_WORD.findall(text))
        abroad = _abroad(folder / "dictionary.tsv")
        return cls(
            _frozen(related),
            _frozen(called),
            formats,
            frozenset(map(fold, plain)),
            forms,
            abroad,
            kinds,
            lexicon,
        )

    def unsourced(self, pair: Pair, lang: Lang) -> list[str]:
        """The content words of a text that nothing in the name, its kind or the lexicon accounts for."""
        name_words = [fold(w) for w in words(pair.name) if not w[0].isdigit()]
        kind = self.kinds.of(pair.name)
        parts = {part for w in name_words for part in self._parts(w)}
        reach = self._reach({stem(w) for w in parts.union(name_words)}) | kind_stems(kind)
        reach |= self.kind_words.get(kind.kind, frozenset())
        bare = re.sub(r"[\W_]+", "", fold(pair.name))
        short = [w for w in name_words if 1 < len(w) < 6 and not self.lexicon.by_word.get(w)]
        spelled_out = _spelled_out(pair.text(lang), short)
        return [
            word
            for word in content(pair.text(lang))
            if not (
                stem(word) in reach
                or fold(word) in (name_words if len(word) < 4 else bare)
                or (len(stem(word)) > 4 and stem(word)[:5] in bare)
                or word in spelled_out
                or any(_abbreviates(w, fold(word)) for w in short)
            )
        ]

    def invented(self, pair: Pair) -> list[str]:
        """Words without a source that say the same in both texts; [] where the name is not wholly read."""
        en, fr = self.unsourced(pair, "en"), self.unsourced(pair, "fr")
        told = self._reach({stem(w) for w in en})
        # The same word with a capital in both is a brand that the kind or a short name stands for.
        same = [w for w in fr if stem(w) in told and stem(w) in self.related and w not in en]
        same += [w for w in fr if w in en and w.islower() and stem(w) in self.related]
        # The name may hold what the lexicon does not know (an acronym, a brand): then it may be the source.
        return [*en, *same] if same and not self._unread(pair) else []

    def knows(self, word: str) -> bool:
        """Is the word, in any form, one that the lexicon has or gives?"""
        return bool(self.lexicon.senses(word)) or stem(word) in self.related

    def has_form(self, word: str) -> bool:
        return word in self.forms or bool(self.lexicon.senses(word))

    def is_brand(self, word: str, untranslated: bool = False) -> bool:
        """Is the word, as written, a proper name: Git, Elixir; `untranslated`: the same in both languages?"""
        senses = [sense for sense in self.lexicon.senses(word) if sense.pos == "P"]
        same = all(sense.entry.en == sense.entry.fr for sense in senses)
        return word[0].isupper() and bool(senses) and (same or not untranslated)

    def format_words(self, text: str) -> set[str]:
        """The file formats that a text names: marks that are extensions too (pdf, csv, jpeg)."""
        return {low for w in re.findall(r"[\w+#]+", text) if (low := fold(w)) in self.formats}

    def _unread(self, pair: Pair) -> list[str]:
        """Words of the name that neither the lexicon knows nor a text repeats."""
        texts = re.sub(r"[\W_]+", "", fold(pair.en + pair.fr))
        stems = {fold(w) for w in words(split_ext(pair.name)[0]) if not w[0].isdigit() and len(w) > 1}
        return [
            w for w in stems if not self.lexicon.senses(w) and w not in texts and stem(w)[:5] not in texts
        ]

    def lost(self, pair: Pair) -> list[str]:
        """Words of the name that the lexicon knows well and neither text tells, in any form."""
        told = {stem(w) for lang in ("en", "fr") for w in TEXT_WORD.findall(pair.text(lang))}
        heard = self._reach(told) | kind_stems(self.kinds.of(pair.name))
        texts = re.sub(r"[\W_]+", "", fold(pair.en + pair.fr))
        out = []
        for word, senses in self.lexicon.read(words(split_ext(pair.name)[0])):
            if len(word) < 5 or not senses or any(s.pos in "FZM" for s in senses) or fold(word) in FRAME:
                continue
            if not ({stem(w) for w in content(word)} & heard or fold(word)[:4] in texts):
                out.append(word)
        return out

    def _parts(self, word: str) -> tuple[str, ...]:
        """The two words that an unknown one is made of (maillog: mail, log), where the lexicon has one."""
        if self.lexicon.by_word.get(word):
            return ()
        for at in range(3, len(word) - 2):
            if self.lexicon.by_word.get(word[:at]) and self.lexicon.senses(word[at:]):
                return word[:at], word[at:]
        return ()

    def _reach(self, stems: set[str]) -> set[str]:
        return stems.union(*(self.related.get(one, ()) for one in stems))


def _abroad(dictionary_file: Path) -> Mapping[str, frozenset[str]]:
    """{folded: folded in the other language} of the dictionary's names of countries, towns and peoples, both ways."""
    found: dict[str, set[str]] = {}
    for line in dictionary_file.read_text(encoding="utf-8").splitlines()[1:]:
        _, _, pos, english, french, _ = line.split("\t")
        if pos == "N" and english != french and english.istitle() and french.istitle() and english.isalpha():
            found.setdefault(fold(english), set()).add(fold(french))
            found.setdefault(fold(french), set()).add(fold(english))
    return _frozen(found)


def _frozen(sets: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {key: frozenset(values) for key, values in sets.items()}


def kind_stems(kind: Kind) -> set[str]:
    return {stem(w) for text in (kind.en, kind.fr, *kind.marks) for w in content(text)}


def content(text: str) -> list[str]:
    return [w for w in TEXT_WORD.findall(text) if _says_something(w)]


def _says_something(word: str) -> bool:
    low = fold(word)
    return (
        len(low) > 2
        and low not in FRAME
        and word.casefold() not in FUNCTION_WORDS["en"]
        and word.casefold() not in FUNCTION_WORDS["fr"]
    )


def _spelled_out(text: str, short: Iterable[str]) -> set[str]:
    """The words of a text whose initials stand in the name: bon de livraison for BL."""
    found = [w for w in TEXT_WORD.findall(text) if len(w) > 2]
    initials = "".join(fold(w)[0] for w in found)
    return {word for w in short if (start := initials.find(w)) >= 0 for word in found[start : start + len(w)]}


def _abbreviates(short: str, word: str) -> bool:
    """cfg of configuration: its letters in order, the first one first."""
    if len(short) < 2 or len(short) >= len(word) or short[0] != word[0]:
        return False
    letters = iter(word)
    return all(letter in letters for letter in short)
