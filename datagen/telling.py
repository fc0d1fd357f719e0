"""How a description is put together: kind, connector, phrase, date; in both languages."""

import re
from dataclasses import dataclass, replace

from datagen import realise
from datagen.dating import Details
from datagen.phrases import Phrase, Unclear
from nomenclair.kinds import Kind

# A document noun takes the place of the last English word of these kinds, and of the first French ones.
REPLACED = {
    "document": "Document ",
    "spreadsheet": "Feuille de calcul ",
    "presentation": "Présentation ",
    "image": "Image ",
    "photo": "Photo ",
    "file": "Fichier ",
    "page": "Page ",
    "archive": "Archive ",
    "text": "Texte ",
}


PICTURES = frozenset(
    """image picture photo logo icon screenshot map diagram banner poster chart graph plot drawing thumbnail
    texture sprite portrait screen wallpaper sketch schematic""".split()
)


PREPOSITIONS = {
    "en": {
        "for": "pour",
        "with": "avec",
        "without": "sans",
        "from": "de",
        "of": "de",
        "and": "et",
    },
    "fr": {
        "pour": "for",
        "avec": "with",
        "sans": "without",
        "dans": "in",
        "et": "and",
        "sur": "on",
        "par": "by",
    },
}


# How the date of a described thing is bound to it.
WHEN = {
    **dict.fromkeys(("document", "spreadsheet", "presentation"), "for"),
    **dict.fromkeys(("photo", "image", "video", "audio", "archive", "backup", "log"), "from"),
}


@dataclass(frozen=True, slots=True)
class Description:
    en: str
    fr: str


def identifier(stem: str, kind: Kind) -> Description:
    if kind.kind == "library":
        stem, _, version = stem.partition(" ")
        tail = f", version {version}" if version else ""
    else:
        tail = ""
    if len(stem) > 40 or " " in stem or not re.search(r"[A-Za-z]", stem):
        raise Unclear(stem, "long")
    if kind.kind == "manual" or kind.kind == "compiled":
        return Description(f"{kind.en} of {stem}{tail}", f"{kind.fr} {realise.join_fr(('de', stem))}{tail}")
    return Description(f"{kind.en} {stem}{tail}", f"{kind.fr} {stem}{tail}")


def journal(stem: str, kind: Kind) -> Description:
    """A citation style is named for a journal: its title, in its language."""
    if not re.fullmatch(r"[a-z]+(?:-[a-z]+)*", stem):
        raise Unclear(stem, "order")
    words = stem.split("-")
    title = " ".join(
        w
        if i and w in ("of", "and", "the", "in", "for", "on", "de", "et", "la", "des", "du", "le")
        else w.capitalize()
        for i, w in enumerate(words)
    )
    return Description(f"{kind.en} of {title}", f"{kind.fr} de {title}")


def attached(first: Phrase, word: str, second: Phrase, lang: str) -> Phrase:
    english = word if lang == "en" else PREPOSITIONS["fr"][word]
    french = word if lang == "fr" else PREPOSITIONS["en"][word]
    if english == "and":
        if first.plural != second.plural or first.document or first.proper or second.proper or first.mass:
            raise Unclear(word, "order")
        return replace(
            first, en=f"{first.en} and {second.the_en()}", fr=(*first.fr, "et", "de", *second.the_fr())
        )
    if french in ("sans", "avec"):
        tail = second.fr if french == "sans" or second.proper or second.mass else second.of_a_fr()[1:]
        if french == "avec" and second.plural:
            tail = ("des", *second.fr)
        shown = second.a_en()
    else:
        tail, shown = second.the_fr(), second.the_en()
    return replace(
        first,
        en=f"{first.en} {english} {shown}",
        fr=(*first.fr, french, *tail),
        proper=first.proper,
        ends_proper=False,
    )


# Adjectives that say what state a document is in: they stand before the name of its format in English.
STATES = frozenset(
    "final signed old new provisional revised complete corrected updated annotated unsigned expired last".split()
)


def described(en: str, fr: str, topic: Phrase, kind: Kind, details: Details) -> Description:
    if en == "tests":
        language = kind.en.removesuffix(" source file")
        return Description(
            f"{language} tests of {topic.the_en()}{details.en()}",
            f"Tests {language} {realise.join_fr(topic.of_fr())}{details.fr()}",
        )
    if topic.document and (label := _label(en, fr, topic)):
        return _document(label, topic, kind, details)
    when = WHEN.get(kind.kind, "")
    if kind.kind in ("webpage", "ebook") or kind.pattern in (".md", ".rst", ".adoc", ".markdown"):
        single = details.number and not topic.plural
        about, tail = f"on {topic.en if single else topic.the_en()}", ("sur", *topic.the_fr())
    elif details.number and not (topic.plural or topic.mass or topic.proper):
        about, tail = f"of {topic.en}", topic.of_fr()
    elif kind.kind in ("image", "photo", "icon", "video", "audio", "model3d"):
        about, tail = f"of {topic.a_en()}", topic.of_a_fr()
    elif topic.mass:
        about, tail = f"for {topic.en}", topic.of_fr()
    else:
        plural = topic.plural and not topic.proper
        about, tail = f"of {'the ' if plural else ''}{topic.the_en()}", topic.of_fr()
    return Description(f"{en} {about}{details.en(when)}", f"{fr} {realise.join_fr(tail)}{details.fr(when)}")


def _label(en: str, fr: str, topic: Phrase) -> str:
    """The name of the format where the document noun replaces the kind's head: PDF, Excel, JPEG."""
    generic = en.split(" ")[-1]
    label = en.removesuffix(generic).strip()
    if generic not in REPLACED or not label or fr != REPLACED[generic] + label:
        return ""
    head = topic.head.split(" ")[-1]
    if head in ("file", "document", "page", "table", "image"):
        return ""
    if generic in ("image", "photo") and head not in PICTURES:
        return ""
    if generic in ("file", "page") or (generic == "archive" and head != "backup"):
        return ""
    return label


def _document(label: str, topic: Phrase, kind: Kind, details: Details) -> Description:
    starts_proper = topic.en.split(" ")[0][:1].isupper()
    if topic.lead in STATES:
        en = f"{topic.lead[:1].upper()}{topic.lead[1:]} {label}{topic.en.removeprefix(topic.lead)}"
    else:
        whole = label if label == "PDF" else kind.en
        en = f"{whole} of the {topic.en}" if starts_proper else f"{label} {topic.en}"
    when = WHEN.get(kind.kind, "for")
    when_en, when_fr = details.en(when), details.fr(when)
    if topic.ends_proper:
        dated = replace(details, version="", copy="").fr(when)
        rest = Details(version=details.version, copy=details.copy).fr()
        fr = f"{realise.join_fr(topic.fr)}{dated} en {label}{rest}"
    else:
        at = topic.label_at
        fr = realise.join_fr((*topic.fr[:at], label, *topic.fr[at:])) + when_fr
    return Description(en + when_en, fr[:1].upper() + fr[1:])
