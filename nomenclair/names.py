"""Pure reading of a file name: text, extension, words, dates, family.

Everything here takes and returns plain text and has no state. A *name* is a base name, never a path.
"""

import re
import unicodedata
from dataclasses import dataclass
from itertools import groupby

# Suffixes that belong together: the last one alone would lose what the file is. (\Z: before a line break is no end.)
COMPOUND_EXT = re.compile(
    r"\.(?:tar\.(?:gz|bz2|xz|zst|lz|lzma|Z)|d\.ts|min\.(?:js|css)|module\.css|spec\.(?:js|ts)|test\.(?:js|ts)"
    r"|cpio\.gz|js\.map|css\.map|html\.erb|blade\.php|user\.js|svg\.gz)\Z",
    re.IGNORECASE,
)
SHARED_LIBRARY = re.compile(r"(\.so)((?:\.[0-9]+)+)\Z")
SIMPLE_EXT = re.compile(r"\.([A-Za-z0-9_+~#-]{1,12})\Z")

# Numbers are ASCII: ² begins a word as a letter does.
DIGITS = frozenset("0123456789")

# One word of a name, first match wins. Letters of any script count.
WORD = re.compile(
    r"""
    \#                                                     # the mark of a hash
    | [CF]\# | C\+\+                                       # languages
    | (?<![A-Za-z]) [A-Za-z]{1,2}[0-9]{1,3} (?![0-9A-Za-z])  # short codes: v2, S1, x86
    | (?<![0-9A-Za-z]) [0-9]{1,2}[A-Z]{1,2} (?![0-9A-Za-z])  # 4K, 3D, 2FA
    | [0-9]+
    | [A-ZÀ-ÖØ-Þ]+ (?=[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ])              # API in APIKey
    | [A-ZÀ-ÖØ-Þ]?[a-zà-öø-ÿœæ]+
    | [A-ZÀ-ÖØ-Þ]+
    | [^\W\d_]+
    """,
    re.VERBOSE,
)
# Between separators: a dotted number (a version, 3.12.1) or a run of anything else.
CHUNK = re.compile(r"([0-9]+(?:\.[0-9]+)+)|((?:(?![_\s.,;:()\[\]{}<>=~!?@&%$§|/\\'’ʼ-]).)+)", re.DOTALL)

# Marks that a copy of a file carries; the copy is of the same family.
COPY_MARK = re.compile(r"\b(?:copie|copy|kopie)(?:\s+(?:de|of))?\b", re.IGNORECASE)

# Which interpreter compiled a module (`__init__.cpython-312.pyc`): no description tells it.
INTERPRETER = re.compile(r"\.cpython-[0-9]+(?:\.opt-[12])?\Z")

HEX_RUN = re.compile(
    r"(?<![0-9A-Za-z])(?=[0-9a-fA-F]*[0-9])(?=[0-9a-fA-F]*[a-fA-F])[0-9a-fA-F]{7,}(?![0-9A-Za-z])"
)
UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

# No file system has a longer name, counted in bytes or in UTF-16 units; a program may ask for one.
LONGEST = 255


def readable(name: str) -> str:
    """The name as text that can be stored and shown: valid Unicode, composed (NFC).

    A file system gives bytes; Python turns each byte that is not UTF-8 into a lone surrogate (PEP 383). Those
    bytes are nearly always an old Western code page, so they are read as cp1252; any other surrogate (Windows
    allows them) becomes U+FFFD.

    >>> readable("\\udce9t\\udce9.txt")
    'été.txt'
    """
    if name.isascii():  # most names; character by character costs as much as the rest of reading one
        return name
    text = "".join(map(_mended, name))
    return unicodedata.normalize("NFC", text if len(text) <= LONGEST else _in_canonical_order(text))


def _in_canonical_order(text: str) -> str:
    """The text decomposed, with each run of combining marks in canonical order (Unicode, D109): what NFD gives.

    `normalize` sorts a run by insertion, in the square of its length; it finds nothing left to sort here.
    """
    decomposed = "".join(unicodedata.normalize("NFD", char) for char in text)
    runs = groupby(decomposed, key=lambda char: unicodedata.combining(char) == 0)
    return "".join(char for _, run in runs for char in sorted(run, key=unicodedata.combining))


def _mended(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return bytes([code - 0xDC00]).decode("cp1252", "replace")
    return "\ufffd" if 0xD800 <= code <= 0xDFFF else char


def split_ext(name: str) -> tuple[str, str]:
    """(stem, extension with its dot, lower case); the extension is "" where the name has none.

    >>> split_ext("backup.TAR.GZ"), split_ext(".gitignore"), split_ext("libz.so.1.2"), split_ext("v1.2")
    (('backup', '.tar.gz'), ('.gitignore', ''), ('libz 1.2', '.so'), ('v1.2', ''))
    """
    if (m := COMPOUND_EXT.search(name)) and m.start() > 0:
        return name[: m.start()], m[0].lower()
    if (m := SHARED_LIBRARY.search(name)) and m.start() > 0:
        return f"{name[: m.start()]} {m[2][1:]}", m[1]
    m = SIMPLE_EXT.search(name)
    if not m or m.start() == 0:
        return name, ""
    stem, ext = name[: m.start()], m[1]
    is_manual_section = re.fullmatch(r"[1-9]", ext) and stem[-1] not in DIGITS and re.search(r"[a-z]", stem)
    if not re.search(r"[A-Za-z]", ext) and not is_manual_section:
        return name, ""  # a number alone is a version
    return stem, "." + ext.lower()


def words(text: str) -> tuple[str, ...]:
    """The words and numbers of a name or stem, as they stand: camelCase, separators and digits split.

    >>> words("extractWindowEvents_v2-final"), words("Relevé d'identité 3.12.1")
    (('extract', 'Window', 'Events', 'v2', 'final'), ('Relevé', 'd', 'identité', '3.12.1'))
    """
    out: list[str] = []
    for version, chunk in CHUNK.findall(text):
        out.extend([version] if version else WORD.findall(chunk))
    return tuple(out)


def without_hashes(stem: str, mark: str) -> str:
    """The stem with each UUID and each long hexadecimal run replaced by `mark`."""
    return HEX_RUN.sub(mark, UUID.sub(mark, stem))


def fold(text: str) -> str:
    """Lower case without accents, for comparing: 'Été' -> 'ete', 'Œuvre' -> 'oeuvre'."""
    if text.isascii():  # most names, at a tenth of the cost
        return text.lower()
    text = text.replace("œ", "oe").replace("Œ", "oe").replace("æ", "ae").replace("Æ", "ae").replace("ß", "ss")
    decomposed = unicodedata.normalize("NFD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def family(name: str) -> str:
    """The key that siblings share: words without digits, case, accents and copy marks, then the extension.

    >>> family("IMG_0042.JPG") == family("IMG_9999.jpg") == family("img-7 (copie).jpg")
    True
    """
    stem, ext = split_ext(name)
    stem = without_hashes(INTERPRETER.sub("", stem), " ")
    parts = (re.sub(r"[0-9.]+", "", fold(w)) for w in words(COPY_MARK.sub(" ", stem.replace("_", " "))))
    return (" ".join(filter(None, parts)) or "#") + ext


@dataclass(frozen=True, slots=True)
class Date:
    """A date read from a name; month and day may be unknown (None)."""

    year: int
    month: int | None = None
    day: int | None = None


ENGLISH_MONTHS = (
    "January February March April May June July August September October November December".split()
)
FRENCH_MONTHS = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()
MONTH_WORDS = frozenset(map(fold, (*ENGLISH_MONTHS, *FRENCH_MONTHS)))
YEAR = r"(?:19[5-9][0-9]|20[0-9][0-9])"
# A month and a day in two digits.
MONTH, DAY = "(?:0[1-9]|1[0-2])", "(?:0[1-9]|[12][0-9]|3[01])"
DATE_PATTERNS = [
    re.compile(rf"(?<![0-9])(?P<y>{YEAR})[-_. ]?(?P<m>{MONTH})[-_. ]?(?P<d>{DAY})(?![0-9])"),
    re.compile(rf"(?<![0-9])(?P<d>{DAY})[-_. ](?P<m>{MONTH})[-_. ](?P<y>{YEAR})(?![0-9])"),
    re.compile(rf"(?<![0-9])(?P<y>{YEAR})[-_. ](?P<m>{MONTH})(?![0-9])"),
    re.compile(rf"(?<![0-9])(?P<m>{MONTH})[-_. ](?P<y>{YEAR})(?![0-9])"),
    re.compile(rf"(?<![0-9])(?<![0-9]\.)(?P<y>{YEAR})(?!\.?[0-9])"),
]


def find_date(text: str) -> tuple[Date, tuple[int, int]] | None:
    """The first numeric date of a name and where it stands (start, end), or None.

    Ambiguous day/month orders are read day first, as in French names, unless the year comes first.

    >>> find_date("releve_2023-11-08.pdf")
    (Date(year=2023, month=11, day=8), (7, 17))
    """
    for pattern in DATE_PATTERNS:
        if m := pattern.search(text):
            g = m.groupdict()
            month, day = (int(g[k]) if g.get(k) else None for k in ("m", "d"))
            return Date(int(g["y"]), month, day), m.span()
    return None


def is_opaque(name: str) -> bool:
    """True where the stem says nothing to a reader: hashes, camera counters, random letters.

    >>> [is_opaque(n) for n in ("a1b2c3d4.tmp", "IMG_0042.jpg", "9DC08797A0F63F7C.pem", "report.pdf")]
    [True, True, True, False]
    """
    stem, _ = split_ext(name)
    bare = without_hashes(stem, " ")
    if bare != stem:
        return not any(len(w) > 3 and w[0] not in DIGITS for w in words(bare))
    letters = [re.sub(r"[0-9]", "", w) for w in words(stem) if w[0] not in DIGITS]
    return all(fold(w) in COUNTER_WORDS or _unreadable(w) for w in letters)


# What cameras, scanners and phones put before a counter.
COUNTER_WORDS = frozenset(
    """img dsc dscn dscf pict pxl vid mvi gopr dji image photo scan document doc file fichier untitled
    sanstitre sans titre nouveau new snapchat p x""".split()
)


def _unreadable(word: str) -> bool:
    return len(word) < 2 or not re.search(r"[aeiouyàâäéèêëîïôöùûü]", word.lower())
