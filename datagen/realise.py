"""Inflection and joining through pyrealb: plurals, agreement, third person, contraction and elision.

Words that pyrealb's dictionaries lack are added to them with the table of their ending, once per process; its
current language is global too, so each function sets the one it needs.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

import pyrealb

# The tables of pyrealb for a lemma it lacks: (ending, table), first match wins.
FR_NOUNS = (("s", "n2"), ("x", "n2"), ("z", "n2"), ("eau", "n4"), ("eu", "n4"), ("al", "n5"), ("", "n3"))
FR_ADJECTIVES = (
    ("eux", "n54"),
    ("if", "n46"),
    ("el", "n48"),
    ("ien", "n49"),
    ("er", "n39"),
    ("al", "n47"),
    ("eur", "n55"),
    ("e", "n25"),
    ("", "n28"),
)
# Adjectives that stand before their noun, by masculine singular; the others follow it.
FR_BEFORE = frozenset(
    "mini nouveau ancien petit grand gros bon mauvais premier deuxième troisième dernier".split()
)
# What an adjective or a participle that pyrealb lacks may end in.
ADJECTIVE_ENDING = re.compile(r"(?:[éiue]|[éiu]s|al|el|eux|if|ien|ant|ent|er|eur|ois|ais|in|ain|on)$")
# Nouns that pyrealb has as adjectives too, and others that never agree behind a noun.
APPOSED = frozenset(
    """moteur client serveur portrait jardin bois laser diesel vapeur hôte test radio photo réseau bébé joueur eau wifi
    ski taxi clé cadeau gospel électroménager halal zéro vidéo personnage visiteur inondation nitrates occupant casque
    kiosque café télé brouillon bateau priori posteriori fisheye raster karaoké carburant constructeur""".split()
)
# Nouns that agree behind a noun, as adjectives do: they are the same thing or person.
AGREEING = frozenset(
    """gardien fondateur ingénieur ébéniste mitigeur pilote phare cible source limite témoin robot artisan bienfaiteur
    donateur partenaire membre étoile type sellier mandarin cousin relais mère fille adulte citoyen étudiant voisin
    ami candidat fantôme modèle champion guide vedette surprise piège frontière chef ouvrier esclave maître parasite
    pèlerin paysagiste décorateur doseur fermier piéton jumeau parent""".split()
)
# (ending of a feminine, its masculine's)
FEMININE = (
    ("e", ""), ("le", ""), ("te", ""), ("ne", ""), ("ère", "er"), ("euse", "eux"), ("euse", "eur"), ("ive", "if"),
    ("che", "c"), ("que", "c"),
)  # fmt: skip
# A first word that is an adjective: the noun comes after it.
ADJECTIVE_HEAD = re.compile(
    r"(?:(?:grand|petit|haut|mauvais|meilleur|saint|plein)e?|doubles?|triple|jeune|vieux|vieil|vieille|beau|bel|belle"
    r"|bon|bonne|nouveau|nouvel|nouvelle|ancien|ancienne|premier|première|second|dernier|dernière|bas|basse|gros"
    r"|grosse|long|longue|faux|fausse|légitime|deuxième|troisième|libre|autre|jolie?|même|prochaine?|vraie?)$",
    re.I,
)
# First parts of hyphenated nouns that stay as they are: verbs, adverbs, prefixes.
UNVARIED = frozenset(
    """abat aspire allume auto avant arrière brise cache casse chasse chauffe contre coupe couvre cure demi e entre
    essuie ex fixe garde gratte lance lave lève mini micro mono monte multi non ouvre pare passe perce pèse porte post
    presse protège pré rince semi sèche serre sous sur taille tire tourne tout tue vice vide""".split()
)
# Words after which the rest of a French compound does not agree: "feuille de temps", "mise à jour".
FR_LINKS = frozenset(
    "de d' du des à au aux en par pour sans sur sous hors avec dans et ou qui vers contre après avant chez".split()
)


def _prepare() -> None:
    for word in ("html", "http", "https", "hdmi", "hp", "hdr", "hash", "hub", "hook", "hash", "hall", "heap"):
        pyrealb.addToLexicon(word, {"N": {"g": "m", "h": 1, "tab": "n3"}}, lang="fr")


_prepare()


@lru_cache(maxsize=50_000)
def noun_fr(lemma: str, gender: str, plural: bool) -> str:
    """The noun, its first word (and what agrees with it) in the plural where asked."""
    if not plural or gender.endswith("p") or lemma.isupper():
        return lemma
    head, *rest = _words(lemma)
    adjective = rest and ADJECTIVE_HEAD.fullmatch(head)
    out = [_agreeing(head) if adjective else _plural_word(head)]
    for i, word in enumerate(rest):
        if word in FR_LINKS or word.startswith(("d'", "l'")):
            return " ".join(out + rest[i:])
        if i == 0 and (adjective or word in AGREEING):
            out.append(_plural_word(word))
        else:
            out.append(word if not word.islower() or _apposed(word) else adjective_fr(word, gender, True))
    return " ".join(out)


def _agreeing(adjective: str) -> str:
    """The plural of an adjective that has its noun's gender already."""
    if adjective.lower() in ("vieil", "bel", "nouvel"):
        return adjective[:-1].removesuffix("i") + ("ux" if adjective[0] in "vV" else "aux")
    return adjective if adjective[-1] in "sx" else adjective + ("x" if adjective.endswith("eau") else "s")


@lru_cache(maxsize=50_000)
def _apposed(word: str) -> bool:
    """Is it a word that stands behind a noun without agreeing: `commande client`, `huile moteur`, `clé wifi`?"""
    if word in APPOSED or word.startswith(("anti", "hors-", "tout-", "post-")) or word.endswith("ment"):
        return True
    pyrealb.loadFr()
    info = pyrealb.getLemma(word) or {}
    if "N" in info and word.endswith("té"):
        return "A" not in info
    if "A" in info or _feminine(word) or re.search(r"(?:é|ée|u|ue|i)$", word):
        return False
    return "N" in info or word[-1] in "sxz" or not ADJECTIVE_ENDING.search(word)


def _feminine(word: str) -> bool:
    """Is it the feminine of an adjective that pyrealb knows?"""
    masculines = (word.removesuffix(ending) + other for ending, other in FEMININE if word.endswith(ending))
    return any("A" in (pyrealb.getLemma(masculine) or {}) for masculine in masculines)


def _words(lemma: str) -> list[str]:
    return lemma.split(" ")


# pyrealb's tables of nouns of one number only; it fails on some of them (`selt` in its TerminalFr.py).
ONE_NUMBER = frozenset({"n1", "n15", "n21", "n22", "n26", "n35", "n36"})


def _plural_word(word: str) -> str:
    pyrealb.loadFr()
    if "-" in word and word.islower():
        first, *parts = word.split("-")
        if FR_LINKS.intersection(parts):  # arcs-en-ciel
            return "-".join([_plural_word(first), *parts])
        varied = first if len(parts) > 1 or first in UNVARIED else _plural_word(first)
        return "-".join([varied, *parts[:-1], _plural_word(parts[-1])])
    if any(c.isupper() for c in word):
        return word if word[-1] in "sxz" or word.isupper() else word + "s"
    info = pyrealb.getLemma(word) or {}
    if info.get("N", {}).get("tab") in ONE_NUMBER:
        return word
    if "N" not in info:
        table = next(table for ending, table in FR_NOUNS if word.endswith(ending))
        pyrealb.addToLexicon(word, {"N": {"g": "m", "tab": table}})
    plural = pyrealb.N(word).n("p").realize()
    if "[" in plural:  # a plural already
        return word
    return plural.replace("oe", "œ", 1) if "œ" in word else plural


@lru_cache(maxsize=50_000)
def adjective_fr(lemma: str, gender: str, plural: bool) -> str:
    """The adjective (first word of an adjective phrase) in the gender (m, f) and number of its noun."""
    head, *rest = _words(lemma)
    if head in FR_LINKS or head in INVARIABLE or head.startswith("d'"):
        return lemma
    pyrealb.loadFr()
    info = pyrealb.getLemma(head) or {}
    if "A" not in info:
        # A past participle agrees as the adjective in -é, -i or -u would.
        table = next(table for ending, table in FR_ADJECTIVES if head.endswith(ending))
        pyrealb.addToLexicon(head, {"A": {"tab": table}})
    try:
        word = pyrealb.A(head).g(gender[0]).n("p" if plural else "s").realize()
    except AttributeError:  # pyrealb has no such form of a few adjectives (favori, bleu ciel)
        word = _regular_adjective(head, gender, plural)
    return " ".join([word, *rest])


def _regular_adjective(lemma: str, gender: str, plural: bool) -> str:
    feminine = lemma if gender[0] == "m" or lemma.endswith("e") else lemma + "e"
    return feminine + "s" if plural and feminine[-1] not in "sx" else feminine


INVARIABLE = frozenset(
    """hors plein sous non bas-niveau standard web audio vidéo marron orange bio chic cool live pop rock mini maxi
    super extra ex bêta auto-stop antivirus multi""".split()
)


# English nouns without a plural.
UNCOUNTED = frozenset(
    """software hardware information equipment furniture advice luggage feedback research homework sowing money
    housework money music news progress knowledge""".split()
)
# What pyrealb calls uncountable and file names count.
COUNTABLE = frozenset(
    """hash status build geometry simulation syntax offset animation scope terrain integration zoom
    architecture arch orientation estimation latitude longitude trim variance permission completion hardware bulk
    behavior software parking configuration documentation configuration layout text list database content
    implementation dimension definition semaphore wallpaper extent
    animation identification lading""".split()
)


@lru_cache(maxsize=10_000)
def verb_fr(lemma: str) -> str:
    """Third person of the present of a French verb phrase: "mettre à jour" -> "met à jour"."""
    pyrealb.loadFr()
    head, *rest = _words(lemma)
    reflexive = ""
    if head in ("se", "s'") or head.startswith("s'"):
        reflexive, head = ("s'", head[2:]) if head.startswith("s'") else ("se ", rest.pop(0))
    if "V" not in (pyrealb.getLemma(head) or {}):
        pyrealb.addToLexicon(head, {"V": {"tab": _verb_table(head), "aux": ["av"]}})
    # Without exception; pyrealb has concaténe for concaténer.
    third = re.sub(r"é([^aeiouyé]{1,2}u?)er$", r"è\1e", head)
    said = third if third != head else pyrealb.V(head).t("p").pe(3).realize()
    # pyrealb gives a verb that is reflexive only its pronoun: accroupir, s'accroupit.
    bare = re.sub("^(?:se |s')", "", said) if reflexive else said
    return reflexive + " ".join([bare, *rest])


def _verb_table(lemma: str) -> str:
    """The table of a verb that pyrealb knows and that ends alike: concaténer as céder."""
    models = (
        (r"é[^aeiouyé]{1,2}er", "céder"),
        (r"ger", "charger"),
        (r"cer", "placer"),
        (r"oyer", "nettoyer"),
        (r"scrire", "écrire"),
    )
    model = next((verb for ending, verb in models if re.search(ending + "$", lemma)), "")
    model = model or ("aimer" if lemma.endswith("er") else "vendre" if lemma.endswith("re") else "finir")
    return pyrealb.getLemma(model)["V"]["tab"]


# Sciences and the like (`statistics`, `graphics`), names that end in one s (`QuickBooks`): no other plural.
PLURAL_ALREADY = re.compile(r".ics$|^news$|^[A-Z]\w*[^siu]s$")


@lru_cache(maxsize=50_000)
def plural_en(lemma: str) -> str:
    """The English plural of a noun phrase, its last word changed, or the one before "of" and its like."""
    words = lemma.split(" ")
    for link in ("of", "for", "in", "to", "on"):
        if link in words[1:]:
            cut = words.index(link)
            return " ".join([plural_en(" ".join(words[:cut])), *words[cut:]])
    *before, last = words
    if last.isupper() and len(last) > 1:
        return " ".join([*before, last + "s"])
    if PLURAL_ALREADY.search(last):
        return lemma
    pyrealb.loadEn()
    if (pyrealb.getLemma(last) or {}).get("N", {"cnt": "no"})["cnt"] == "no":
        return lemma if _is_plural(last) else " ".join([*before, _regular_plural(last)])
    return " ".join([*before, pyrealb.N(last).n("p").realize()])


@lru_cache(maxsize=50_000)
def is_mass_en(lemma: str) -> bool:
    """Does English use the noun without an article: encryption, traffic, parsing?"""
    last = lemma.split(" ")[-1]
    if last in COUNTABLE:
        return False
    pyrealb.loadEn()
    info = (pyrealb.getLemma(last) or {}).get("N")
    return info["cnt"] == "no" if info else last.endswith(("ing", "ization", "ism"))


def _is_plural(word: str) -> bool:
    """Is it the regular plural of an English noun that pyrealb knows?"""
    endings = (("s", ""), ("es", ""), ("ies", "y"))
    singulars = (
        word.removesuffix(plural) + singular for plural, singular in endings if word.endswith(plural)
    )
    return any("N" in (pyrealb.getLemma(one) or {}) for one in singulars)


def _regular_plural(word: str) -> str:
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    return word[:-1] + "ies" if word.endswith("y") and word[-2:-1] not in "aeiou" else word + "s"


@lru_cache(maxsize=10_000)
def verb_en(lemma: str) -> str:
    """Third person of the present: "back up" -> "backs up"."""
    pyrealb.loadEn()
    head, *rest = lemma.split(" ")
    if "V" not in (pyrealb.getLemma(head) or {}):
        return " ".join([_regular_plural(head), *rest])
    return " ".join([pyrealb.V(head).t("p").pe(3).realize(), *rest])


@lru_cache(maxsize=50_000)
def _in_tense(verb: str, tense: str) -> str:
    """The verb in a tense of the language that pyrealb has loaded; the infinitive where it lacks one (`falloir`)."""
    try:
        return pyrealb.V(verb).t(tense).realize()
    except TypeError:  # pyrealb adds an ending that is None
        return verb


def participles(lemma: str, lang: str) -> tuple[str, str]:
    """(past, present) participle of a verb phrase, the French one masculine singular: "back up" -> "backed up"."""
    head, *rest = lemma.split(" ")
    if lang == "fr":
        verb_fr(lemma)  # so that pyrealb has a table for it
        head = rest.pop(0) if head == "se" else head.removeprefix("s'")
    (pyrealb.loadFr if lang == "fr" else pyrealb.loadEn)()
    if "V" in (pyrealb.getLemma(head) or {}):
        if lang == "fr" and re.search(r"é[^aeiouyé]{1,2}u?er$", head):
            found = [f"{head[:-2]}é", f"{head[:-2]}ant"]  # pyrealb has révelé for révéler
        else:
            found = [_in_tense(head, tense) for tense in ("pp", "pr")]
    else:
        stem = head.removesuffix("e")
        found = [f"{stem}ed", f"{stem}ing"]
    past, present = (" ".join([form, *rest]) for form in found)
    return past, present


def past_en(lemma: str) -> str:
    """The simple past of an English verb: "give" -> "gave"."""
    pyrealb.loadEn()
    known = "V" in (pyrealb.getLemma(lemma) or {})
    return pyrealb.V(lemma).t("ps").realize() if known else participles(lemma, "en")[0]


@lru_cache(maxsize=10_000)
def may_be_verb_en(word: str) -> bool:
    """Is the English word a verb too: partition, cycle, empty?"""
    pyrealb.loadEn()
    return "V" in (pyrealb.getLemma(word) or {})


@lru_cache(maxsize=10_000)
def is_word(word: str) -> bool:
    """Does pyrealb's dictionary of either language have it?"""
    pyrealb.loadEn()
    if pyrealb.getLemma(word):
        return True
    pyrealb.loadFr()
    return bool(pyrealb.getLemma(word))


def join_fr(tokens: Sequence[str]) -> str:
    """French words joined, with contraction and elision: de + le serveur -> du serveur, de + EDF -> d'EDF."""
    pyrealb.loadFr()
    parts = []
    for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
        if token in ("de", "à") and not following.lower().startswith("y"):
            parts.append(pyrealb.P(token))
        elif token == "le" and not following.lower().startswith("y"):
            parts.append(pyrealb.D("le"))
        elif token == "la" and not following.lower().startswith("y"):
            parts.append(pyrealb.D("le").g("f"))
        elif token == "les":
            parts.append(pyrealb.D("le").n("p"))
        else:
            parts.append(pyrealb.Q(token))
    return _ligatures(pyrealb.SP(*parts).realize(), tokens)


def _ligatures(text: str, tokens: Sequence[str]) -> str:
    """pyrealb writes oeuf; the œ of the tokens is put back."""
    for token in tokens:
        if "œ" in token:
            text = text.replace(token.replace("œ", "oe"), token)
    return text
