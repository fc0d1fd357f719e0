"""Noun phrases of file names, in both languages: the words of one name, analysed in the name's language.

English compounds have their head last (window events), French phrases have it first (facture EDF mars).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from datagen import realise
from datagen.lexicon import Entry, Sense

Tokens = tuple[str, ...]

# English adjectives that say something of the whole compound rather than of the noun beside them.
OF_THE_HEAD = frozenset(
    """main default final old new simple basic custom advanced standard initial original current previous next
    last first second third misc internal external large small big tiny huge mini red blue green
    black white yellow gray bad good invalid empty test
    common complete full updated generic global""".split()
)
# Heads that handle many of what stands before them: a list of clients, a manager of files.
OF_MANY = frozenset(
    """list manager handler viewer parser collection repository reader writer editor generator browser picker
    selector registry table database catalog group set queue pool builder loader converter tracker store factory
    map index counter archive album gallery directory sorter validator iterator chooser finder explorer cache
    dump names types bank 
    palette""".split()
)
# English nouns that stay singular behind those: a manager of memory, an editor of text.
OF_ONE = frozenset(
    """text memory network content audio video time system state power energy space desktop database
    software hardware session source output input display screen web connection""".split()
)
# Modifiers that are many in French where their head is: les noms de clients.
PEOPLE_FR = frozenset(
    """client utilisateur élève étudiant membre employé voisin parent patient abonné adhérent invité joueur salarié
    bénévole agent locataire candidat participant fournisseur contact visiteur professeur enseignant ami collègue
    copropriétaire donateur stagiaire lecteur auteur coureur vendeur conducteur passager""".split()
)
MANY_FR = frozenset("photo cookie étiquette abeille protéine vidéo fleur animal photographie".split())
VOWEL_FORMS = {"nouveau": "nouvel", "beau": "bel", "vieux": "vieil"}


class Unclear(Exception):
    """The words cannot be read as a phrase; args: the word that stopped, the reason code."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A noun phrase without article. `fr` are tokens for realise.join_fr; `label_at` is where the name of a
    file format fits among them: after the head and its bare complements. `numbered`: chapter 3, without article
    in English. `lead`: the English adjectives of a head that has no other modifier."""

    en: str
    fr: Tokens
    gender: str
    plural: bool = False
    mass: bool = False
    proper: bool = False
    head: str = ""
    document: bool = False
    label_at: int = 0
    ends_proper: bool = False
    numbered: bool = False
    lead: str = ""

    def the_en(self) -> str:
        return self.en if self.proper or self.mass or self.plural else f"the {self.en}"

    def a_en(self) -> str:
        if self.proper or self.mass or self.plural:
            return self.en
        return f"{'an' if sounds_open(self.en) else 'a'} {self.en}"

    def the_fr(self) -> Tokens:
        if self.proper and not self.numbered:
            return self.fr
        return ("les" if self.plural else "la" if self.gender == "f" else "le", *self.fr)

    def of_fr(self) -> Tokens:
        return ("de", *self.the_fr())

    def of_a_fr(self) -> Tokens:
        if self.numbered:
            return self.of_fr()
        if self.proper or self.mass or self.plural:
            return ("de", *self.fr)
        return ("de", "une" if self.gender == "f" else "un", *self.fr)


def sounds_open(text: str) -> bool:
    """Does English say "an" before it? An acronym is spelled out: an SVG, a UUID."""
    word = text.split(" ")[0]
    if word.isupper() and len(word) > 1:
        return word[0] in "AEFHILMNORSX"
    return word[0].lower() in "aeio" or (word[0] == "u" and not word.startswith(("uni", "use", "usu", "uti")))


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a name as the phrase uses it: `pos` N, D, A, P; `number` stands behind it (chapter 3)."""

    sense: Sense
    number: str = ""

    @property
    def noun(self) -> bool:
        return self.sense.pos in "ND"

    @property
    def plural(self) -> bool:
        return self.sense.plural

    @property
    def en(self) -> str:
        entry = self.sense.entry
        many = self.noun and self.plural and not entry.gender.endswith("p")
        text = realise.plural_en(entry.en) if many and entry.en not in realise.UNCOUNTED else entry.en
        return f"{text} {self.number}".rstrip()

    def en_single(self) -> str:
        return f"{self.sense.entry.en} {self.number}".rstrip()

    def fr(self, plural: bool) -> Tokens:
        entry = self.sense.entry
        text = realise.noun_fr(entry.fr, entry.gender, plural) if self.noun else entry.fr
        return (text, self.number) if self.number else (text,)


def with_adjectives(noun: Word, adjectives: Sequence[Word], plural: bool) -> Tokens:
    gender = noun.sense.entry.gender[:1] or "m"
    before: list[str] = []
    after: list[str] = []
    tokens = noun.fr(plural)
    for word in adjectives:
        lemma = word.sense.entry.fr
        text = realise.adjective_fr(lemma, gender, plural)
        if lemma in realise.FR_BEFORE:
            opens = realise.join_fr(("de", tokens[0])).startswith("d'")
            before.append(VOWEL_FORMS.get(text, text) if opens else text)
        else:
            after.append(text)
    return (*before, *tokens, *after)


def english(words: Sequence[Word]) -> Phrase:
    """A phrase of an English name: adjectives, modifiers, head; a name of a system may close it (types_unix)."""
    closes = len(words) > 1 and words[-1].sense.pos == "P" and all(w.sense.pos != "A" for w in words)
    trailing = [words[-1]] if closes and words[-2].noun else []
    words = [*trailing, *words[: len(words) - len(trailing)]]
    head = words[-1]
    if head.sense.pos == "A":
        raise Unclear(head.sense.entry.word, "adjective-last")
    own: list[Word] = []  # adjectives of the head
    pending: list[Word] = []
    nouns: list[tuple[Word, list[Word]]] = []
    propers: list[Word] = []
    for word in words[:-1]:
        if word.sense.pos == "A":
            if nouns:
                raise Unclear(word.sense.entry.word, "order")
            (own if word.sense.entry.en in OF_THE_HEAD else pending).append(word)
        elif word.noun:
            nouns.append((word, pending))
            pending = []
        else:
            propers.append(word)
    own += pending
    en = " ".join(word.en for word in words)
    if not head.noun:
        return _proper(words, en)
    chained = len(nouns) == 2 and (own or not head.sense.entry.en.split(" ")[-1].endswith(("er", "or")))
    agent = head.sense.entry.en.endswith(("er", "or", "tion")) or head.sense.entry.en in OF_MANY
    chained = chained or (len(nouns) + len(own) + sum(len(a) for _, a in nouns) > 1 and not agent)
    if len(nouns) > 2 or len(propers) > 2 or len(words) > 4 or chained:
        raise Unclear(head.sense.entry.word, "long")
    plural = head.plural or head.sense.entry.gender.endswith("p")
    fr = with_adjectives(head, own, plural)
    many = head.sense.entry.en.split(" ")[-1] in OF_MANY
    for modifier, adjectives in reversed(nouns):
        entry = modifier.sense.entry
        crowd = entry.fr in MANY_FR or (plural and entry.fr in PEOPLE_FR)
        several = modifier.plural or crowd or (many and _counts(entry))
        fr = (*fr, "de", *with_adjectives(modifier, adjectives, several or entry.gender.endswith("p")))
        many = entry.en in OF_MANY
    label_at = len(fr)
    for word in propers:  # a gender marks people and places: l'inventaire de Lyon, le client HTTP
        fr = (*fr, *(("de",) if word.sense.entry.gender else ()), *word.fr(False))
    phrase = _of_head(head, en, fr, label_at, bool(propers))
    alone = not nouns and not propers
    return replace(phrase, lead=" ".join(word.en for word in words[:-1])) if alone else phrase


def _counts(entry: Entry) -> bool:
    is_process = entry.fr.split(" ")[0].endswith(("tion", "ment", "age", "sion"))
    return not is_process and entry.en not in OF_ONE and not realise.is_mass_en(entry.en)


def _proper(words: Sequence[Word], en: str) -> Phrase:
    if any(word.sense.pos != "P" for word in words):
        raise Unclear(words[-1].sense.entry.word, "proper-last")
    fr = tuple(token for word in words for token in word.fr(False))
    return Phrase(en, fr, "m", proper=True, head=words[-1].sense.entry.en, ends_proper=True)


def _of_head(head: Word, en: str, fr: Tokens, label_at: int, ends_proper: bool) -> Phrase:
    entry = head.sense.entry
    plural = head.plural or entry.gender.endswith("p")
    named = entry.en[0].isupper() and not entry.en.split(" ")[0].isupper()  # Halloween
    mass = not plural and not head.number and (named or realise.is_mass_en(entry.en))
    return Phrase(
        en,
        fr,
        entry.gender[:1],
        plural,
        mass,
        proper=bool(head.number),
        head=entry.en,
        document=entry.pos == "D",
        label_at=label_at,
        ends_proper=ends_proper,
        numbered=bool(head.number),
    )


ARTICLES = frozenset("le la les l".split())
OF = {"de": (), "d": (), "du": ("le",), "des": ("les",)}


def french(words: Sequence[Word | str]) -> Phrase:
    """A phrase of a French name: head, adjectives, complements; strings are de, du, des, d, la, le, les, l."""
    groups: list[tuple[Word, list[Word], str]] = []  # noun or proper name, its adjectives, its link
    pending: list[Word] = []
    link = ""
    for word in words:
        if isinstance(word, str):
            link = f"{link} {word}".strip()
        elif word.sense.pos == "A":
            if word.sense.entry.fr in realise.FR_BEFORE or not groups:
                pending.append(word)
            elif groups[-1][0].noun:
                if word.plural and not groups[-1][0].plural and groups[-1][0].sense.entry.gender[-1] != "p":
                    raise Unclear(word.sense.entry.word, "order")
                groups[-1][1].append(word)
            else:  # facture EDF finale: the adjective is the noun's
                next((g for g in reversed(groups) if g[0].noun), groups[-1])[1].append(word)
        else:
            groups.append((word, pending, link))
            pending, link = [], ""
    if pending and groups and groups[-1][0].noun:
        groups[-1][1].extend(pending)
        pending = []
    if not groups or pending or link:
        raise Unclear(str(words[-1]) if isinstance(words[-1], str) else words[-1].sense.entry.word, "order")
    head, adjectives, first_link = groups[0]
    if first_link not in ("", *ARTICLES):
        raise Unclear(first_link, "order")
    if not head.noun:
        return _proper([g[0] for g in groups], " ".join(g[0].en for g in groups))
    unlinked = sum(word.noun and not link for word, _, link in groups[1:])
    aside = any(word.sense.pos == "D" and not link for word, _, link in groups[1:])  # bail modèle, taxe scan
    kinds = "".join("N" if word.noun else "P" for word, _, link in groups if not link)
    aside = aside or (" " in head.sense.entry.word and unlinked > 0)  # avis imposition dégrèvement
    loose = any(
        word.noun and not link and (before_link not in ("", *ARTICLES) or before_own)
        for (_, before_own, before_link), (word, _, link) in pairwise(groups)
    )  # toile de verre métrage, appareil dentaire bagues
    if len(groups) > 4 or unlinked > 1 or aside or loose or "PN" in kinds:
        raise Unclear(head.sense.entry.word, "long")
    plural = head.plural or head.sense.entry.gender.endswith("p")
    fr = with_adjectives(head, adjectives, plural)
    label_at = len(fr)
    bare = True
    for word, own, link in groups[1:]:
        article = _article(word, link)
        many = word.plural or word.sense.entry.gender.endswith("p")
        bare = bare and not article and word.noun
        if word.noun:
            fr = (*fr, "de", *article, *with_adjectives(word, own, many))
        else:
            fr = (*fr, *(("de",) if link or word.sense.entry.gender else ()), *article, *word.fr(False))
        label_at = len(fr) if bare else label_at
    before = [adjective.en for adjective in adjectives]
    for word, own, _ in reversed(groups[1:]):
        before += [adjective.en for adjective in own] + [word.en_single()]
    en = " ".join([*before, head.en])
    last, _, last_link = groups[-1]
    phrase = _of_head(head, en, fr, label_at, not last.noun and not last_link)
    return replace(phrase, lead=" ".join(a.en for a in adjectives)) if len(groups) == 1 else phrase


def _article(word: Word, link: str) -> Tokens:
    parts = link.split(" ") if link else []
    if word.number:
        return ("la",) if word.sense.entry.gender[:1] == "f" else ("le",)
    if parts and parts[0] in ("du", "des"):
        return OF[parts[0]]
    if len(parts) > 1 and parts[1] in ARTICLES:
        return ("la",) if parts[1] == "la" or word.sense.entry.gender == "f" else ("le",)
    if not parts and word.noun and (word.plural or word.sense.entry.gender.endswith("p")):
        return ("les",)
    return ()
