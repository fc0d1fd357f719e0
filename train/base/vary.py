"""Variants of a written pair that say what they change: another extension, year, number, person or noun, another
naming style, and a name made anew from one of its two texts.

A small student must learn that these parts are independent of the rest; a written pair shows each only once.
"""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nomenclair import names
from nomenclair.kinds import KindTable
from nomenclair.names import ENGLISH_MONTHS, FRENCH_MONTHS
from train.base.compose import without_accents
from train.base.swap import Forms, Row, swapped

# Formats that swap without touching the rest of either text: (extension, English word, French word).
GROUPS: tuple[tuple[tuple[str, str, str], ...], ...] = tuple(
    tuple((cells[0], cells[1], cells[-1]) for cells in (one.split("/") for one in group.split()))
    for group in (
        ".pdf/PDF .docx/Word .doc/Word .odt/OpenDocument .rtf/RTF .pages/Pages .md/Markdown .html/HTML",
        ".xlsx/Excel .xls/Excel .ods/OpenDocument",
        ".pptx/PowerPoint .ppt/PowerPoint .odp/OpenDocument .key/Keynote",
        ".jpg/JPEG .jpeg/JPEG .png/PNG .gif/GIF .webp/WebP .tiff/TIFF .bmp/BMP .svg/SVG .heic/HEIC",
        ".mp3/MP3 .wav/WAV .flac/FLAC .ogg/Ogg .m4a/M4A .aac/AAC",
        ".mp4/MP4 .mkv/MKV .avi/AVI .mov/MOV .webm/WebM",
        ".zip/ZIP .7z/7-Zip .rar/RAR .tar/TAR",
        ".json/JSON .yaml/YAML .yml/YAML .xml/XML .csv/CSV .toml/TOML",
        ".sh/Shell/shell .py/Python .rb/Ruby .pl/Perl .php/PHP .js/JavaScript .ts/TypeScript .ps1/PowerShell"
        " .lua/Lua .fish/Fish .awk/AWK .r/R .jl/Julia .tcl/Tcl .groovy/Groovy",
        ".java/Java .go/Go .rs/Rust .kt/Kotlin .swift/Swift .cpp/C++ .cs/C# .scala/Scala .dart/Dart .c/C",
    )
)
# English: a format that is itself the noun (`PDF of`), or that an article precedes, does not swap.
NOUN_FORMAT = re.compile(r"^(?:of|from|for|with|about|on|and|,)\b")
# French words that a name leaves out, and those that only say that it is a file.
LITTLE = frozenset(
    """de du des d la le les l un une et en à au aux pour par sur qui que dans avec sous n no numéro of the a an
    for to from on in by with and that file files fichier fichiers document feuille calcul spreadsheet image
    script""".split()
)
STYLES = ("_", "-", " ", "")
# A year and a number, as invoices are counted; not a date.
SERIAL = re.compile(r"(?<![\d-])[12]\d{3}-(\d{2,6})(?![\d-])")
# How many words and terms of a variant are swapped.
SWAPS = (0, 0, 1, 1, 2, 3)
# Words that say the kind more often than the subject.
GENERAL = frozenset("file fichier document image photo video script scan copy copie".split())


@dataclass(frozen=True, slots=True)
class Pools:
    """What variants are drawn from: proper names of each class (under "" those of no known class) to put in each
    other's place, infinitives of third persons, and words and terms to put in each other's place."""

    proper: Mapping[str, Sequence[str]]
    infinitive: Mapping[str, str]
    forms: Forms


def word(text: str) -> re.Pattern[str]:
    """The text as a whole word."""
    return re.compile(rf"(?<![\w+#-]){re.escape(text)}(?![\w+#-])")


def other_format(row: Row, table: KindTable, rng: random.Random) -> Row:
    """The same file in another format of its group, or the row itself."""
    name, en, fr = row
    stem, ext = names.split_ext(name)
    for group in GROUPS:
        own = next((one for one in group if one[0] == ext), None)
        if own is None:
            continue
        new = rng.choice(group)
        hits = [word(own[1]).findall(en), word(own[2]).findall(fr)]
        if any(len(h) != 1 for h in hits) or own[1].lower() in names.fold(stem):
            return row
        after = en[word(own[1]).search(en).end() :].strip()
        if not after or NOUN_FORMAT.match(after) or re.search(rf"\ban? {re.escape(own[1])}", en):
            return row
        if re.search(rf"\b(?:en|au format) {re.escape(own[2])}", fr) and new[0] in (".docx", ".doc", ".odt"):
            return row
        made = (stem + new[0], word(own[1]).sub(new[1], en), word(own[2]).sub(new[2], fr))
        kind = table.of(made[0])
        return made if kind.named_in(made[1]) and kind.named_in(made[2]) else row
    return row


def other_number(row: Row, rng: random.Random) -> Row:
    """The same row with another year or another number, where the stem and each text hold it once."""
    name, en, fr = row
    stem, ext = names.split_ext(name)
    found = set(re.findall(r"(?<![\d.,])[1-9]\d{0,3}(?![\w.,])", en))
    shared = [n for n in found if all(len(re.findall(rf"(?<!\d){n}(?!\d)", t)) == 1 for t in (stem, en, fr))]
    # A day or month of a date is not a free number, nor is the year of a 29 February.
    shared = [n for n in shared if len(n) == 4 or not names.find_date(stem)]
    shared = [n for n in shared if not re.search(rf"\b{n} (?:{'|'.join(ENGLISH_MONTHS)})|\b29 F\w+ {n}", en)]
    if not shared:
        return row
    old = rng.choice(sorted(shared))
    if re.fullmatch(names.YEAR, old):
        new = str(rng.randint(1985, 2030))
    else:
        new = str(rng.randint(10 ** (len(old) - 1), 10 ** len(old) - 1))
    stem, en, fr = (re.sub(rf"(?<!\d){old}(?!\d)", new, t) for t in (stem, en, fr))
    return stem + ext, en, fr


def other_serial(row: Row, rng: random.Random) -> Row:
    """The same row with another number of a year's (`2024-0153`), where the stem and each text hold it once."""
    stem, ext = names.split_ext(row[0])
    texts = (stem, row[1], row[2])
    found = SERIAL.search(row[1])
    if not found or any(text.count(found[0]) != 1 for text in texts):
        return row
    digits = len(found[1])
    # Two digits up to 12 would be a month.
    number = rng.randint(13 if digits == 2 else 1, 10**digits - 1)
    new = f"{rng.randint(2010, 2030)}-{number:0{digits}}"
    stem, en, fr = (text.replace(found[0], new) for text in texts)
    return stem + ext, en, fr


def other_month(row: Row, rng: random.Random) -> Row:
    """The same row in another month, where a month's word stands in the name and in both texts."""
    name, en, fr = row
    folded = names.fold(name)
    for i, (english, french) in enumerate(zip(ENGLISH_MONTHS, FRENCH_MONTHS, strict=True)):
        if not (word(english).search(en) and word(french).search(fr)):
            continue
        written = next((w for w in (english.lower(), names.fold(french)) if folded.count(w) == 1), None)
        if written is None or len(folded) != len(name):
            return row
        j = rng.randrange(12)
        months = ENGLISH_MONTHS if written == english.lower() else FRENCH_MONTHS
        at = folded.index(written)
        old = name[at : at + len(written)]
        new = months[j] if names.fold(old) != old else names.fold(months[j])
        new = new.title() if old[0].isupper() else new
        new = new.upper() if old.isupper() else new
        if i in (3, 7, 9) or j in (3, 7, 9):  # avril, août, octobre
            fr = re.sub(rf"\bd(?:e |'){french}", ("d'" if j in (3, 7, 9) else "de ") + FRENCH_MONTHS[j], fr)
        swapped = word(english).sub(ENGLISH_MONTHS[j], en), word(french).sub(FRENCH_MONTHS[j], fr)
        return name[:at] + new + name[at + len(written) :], *swapped
    return row


def starts_with_vowel(text: str) -> bool:
    return names.fold(text)[:1] in "aeiouyh"


def said_by_kind(name: str, table: KindTable) -> frozenset[str]:
    """The folded words that say a name's kind."""
    kind = table.of(name)
    said = " ".join((kind.en, kind.fr, *kind.marks))
    return frozenset(names.fold(w) for w in re.findall(r"[\w+#-]+", said))


def other_proper_name(row: Row, table: KindTable, pools: Pools, rng: random.Random) -> Row:
    """The same row about another person, town or brand: a capitalised word that both texts and the name share."""
    name, en, fr = row
    stem, ext = names.split_ext(name)
    inside = [w for w in re.findall(r"(?<=[ '])[A-ZÀ-Þ][a-zà-ÿ]{2,}(?![\w-])", en) if w not in ENGLISH_MONTHS]
    inside = [w for w in inside if word(w).search(fr[1:]) and names.fold(stem).count(names.fold(w)) == 1]
    inside = [w for w in inside if names.fold(w) not in said_by_kind(name, table)]
    if not inside or len(names.fold(stem)) != len(stem):
        return row
    old = rng.choice(sorted(set(inside)))
    if not re.fullmatch(r"[\w .()-]*", stem):
        return row
    classes = [own for own, alike in pools.proper.items() if own and old in alike] or [""]
    alike = pools.proper[rng.choice(classes)]
    new = rng.choice(alike)
    for _ in range(20):
        if starts_with_vowel(new) == starts_with_vowel(old) and new not in en:
            break
        new = rng.choice(alike)
    else:
        return row
    at = names.fold(stem).index(names.fold(old))
    written = stem[at : at + len(old)]
    shown = without_accents(new) if stem.isascii() else new
    shown = shown if written[0].isupper() else shown.lower()
    shown = shown.upper() if written.isupper() else shown
    in_name = stem[:at] + shown + stem[at + len(old) :]
    return in_name + ext, word(old).sub(new, en), word(old).sub(new, fr)


def styled(words: Sequence[str], rng: random.Random) -> str:
    """The words in one of the ways people write names."""
    words = list(words)
    if rng.random() < 0.6:
        words = [w if w.isascii() else without_accents(w) for w in words]
    separator = rng.choice(STYLES)
    if separator == "":
        return "".join(w[:1].upper() + w[1:] for w in words)
    keeps_capitals = rng.random() < (0.8 if separator == " " else 0.4)
    shown = separator.join(w if keeps_capitals or w.isupper() else w.lower() for w in words)
    return shown[:1].upper() + shown[1:] if separator == " " and rng.random() < 0.6 else shown


def restyled(row: Row, rng: random.Random) -> Row:
    """The same row under another naming style: separators, case and accents of its name change."""
    stem, ext = names.split_ext(row[0])
    stem = names.without_hashes(stem, "#")
    if "#" in stem or not ext or re.search(r"[.,()\d]", stem):
        return row
    new = styled(names.words(stem), rng)
    return (new + ext, row[1], row[2]) if new else row


def named_after(row: Row, lang: str, table: KindTable, pools: Pools, rng: random.Random) -> Row:
    """A name made of the content words of the row's English or French text, or the row itself."""
    _, ext = names.split_ext(row[0])
    if table.of(row[0]).pattern != ext:
        return row
    kind_words = said_by_kind(row[0], table)
    text = row[1] if lang == "en" else row[2]
    text = re.sub(r"\b(?:no\.|n°) ", "", text)
    text = re.sub(r"\bversion (?=\d)", rng.choice(("v", "v", "version ")), text)
    program = re.match(r"(?:\S+ ){1,4}(?:that|qui) (?:n'|ne |s'|se )?", text)
    if not program and re.search(r" (?:that|qui) ", text):
        return row
    if program:
        text = text[program.end() :]
        verb, _, rest = text.partition(" ")
        infinitive = pools.infinitive.get(verb)
        if infinitive is None:
            return row
        text = f"{infinitive} {rest}"
    found = re.findall(r"[\w.+#-]*\w|[CF][+#]+", re.sub(r"[''’]s\b", "", text).replace("'", " "))
    kept = [w for w in found if names.fold(w) not in LITTLE and names.fold(w) not in kind_words]
    if not ext or not 1 <= len(kept) <= 8 or not any(w.isalpha() for w in kept):
        return row
    if not program:
        kept[0] = kept[0] if kept[0][1:] != kept[0][1:].lower() else kept[0].lower()
    return styled(kept, rng) + ext, row[1], row[2]


def variants(row: Row, count: int, table: KindTable, pools: Pools, rng: random.Random) -> list[Row]:
    """The row itself and `count` - 1 variants of it; one that no rule can change stays as it is."""
    out = [row]
    for i in range(1, count):
        made = row
        if rng.random() < 0.6:
            made = other_format(made, table, rng)
        for change in (other_number, other_serial, other_month):
            if rng.random() < 0.6:
                made = change(made, rng)
        if rng.random() < 0.5:
            made = other_proper_name(made, table, pools, rng)
        for _ in range(rng.choice(SWAPS)):
            made = swapped(made, pools.forms, GENERAL | said_by_kind(made[0], table), rng)
        if i % 4 == 1:
            made = named_after(made, "en", table, pools, rng)
        elif i % 4 == 3:
            made = named_after(made, "fr", table, pools, rng)
        else:
            made = restyled(made, rng)
        out.append(made)
    return out
