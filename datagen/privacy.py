"""What must not leave the machine: found in a name before it is sent, masked, and put back after.

A placeholder is a plain word such as EMAIL_1, so that a model can use it in a sentence. Masking is a pure
function of the name, so nothing has to be stored to undo it.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from pathlib import Path

import phonenumbers

from datagen import corpus
from nomenclair import names
from nomenclair.errors import UserError

# National formats that are looked for besides +international ones.
PHONE_REGIONS = ("FR", "US", "GB")

EMAIL = re.compile(r"[\w.+%-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}(?![A-Za-z0-9])")
# Extensions of the kind table that behind an @ are taken for domains: rather too much hidden than an address sent.
MAIL_DOMAINS = frozenset(".com .org .info .pl .pt .in .br .ar .cl".split())
# Extensions that are countries or domains of companies too: hidden where the name is nothing but an address.
ALSO_DOMAINS = frozenset(
    ".ac .ai .al .am .app .au .cat .cc .do .dz .gs .la .ly .ma .md .mk .ml .mo .page .pm .ps .pub .py .rs .sh .so"
    " .st .tf".split()
)
# A scale (@2x, @1.5x), a version (@1.2.3) or a systemd unit. A number alone may be a domain: 163.com.
NOT_MAIL = re.compile(
    r"@\d+(?:\.\d+)*(?:x|\.\d+)\.|@[^@]*\.(?:service|socket|timer|target|mount|slice|path|device)$"
)
# In a lookahead, so that a number that only looks like the beginning of one does not take the true one along.
IBAN = re.compile(r"(?<![A-Za-z0-9])(?=([A-Za-z]{2}\d{2}(?:[ _.-]?[A-Za-z0-9]){11,30})(?![A-Za-z0-9]))")
CARD_IN_GROUPS = re.compile(
    r"(?<!\d)(?=([2-6]\d{12,18}|[2-6]\d{3}([ _.-])\d{4}\2\d{4}\2\d{4}|3[47]\d\d([ _.-])\d{6}\3\d{5})(?!\d))"
)
CARD = re.compile(r"(?<!\d)[2-6](?:[ _.-]?\d){12,18}(?!\d)")
LONG_HEX = re.compile(r"[0-9a-fA-F]{16,}")
DATE = re.compile(rf"(?<!\d){names.YEAR}([-_.]?){names.MONTH}\1{names.DAY}(?!\d)")
DATE_AND_HOUR = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
TOKEN = re.compile(r"[A-Za-z0-9+=]{20,}")
PASSWORD = re.compile(
    r"(?i)(?:password|passwd|pwd|secret|token|api[_-]?key|mdp|mot[_ -]?de[_ -]?passe)\s*[=:]\s*(\S+)"
)


# A person's name of this many letters is hidden in the middle of a word too: contratmariedupont.
GLUED = 8
GAP = r"[\W_]"
# Letters whose stroke Unicode does not take for an accent; names.fold leaves them, as other data need.
STROKES = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i", "þ": "th"})

LABELS = "EMAIL|PHONE|IBAN|CARD|SECRET|HEX|PERSON"
PLACEHOLDER = re.compile(rf"(?<![A-Za-z0-9])(?:{LABELS})_[0-9]+(?![A-Za-z0-9])")
# A placeholder is a word of its own: a separator goes where it touches a letter or a digit. While a name is being
# masked, NUL and a bracket stand on either side of each: no name can hold a NUL.
EDGE = re.compile(r"\0\]\0\[|(?<=[^\W_])\0\[|\0\](?=[^\W_])")
INSERTED = r"(\0\[[A-Z0-9_]+\0\])"


@dataclass(frozen=True, slots=True)
class Masked:
    """A name as it may be sent; `hidden` holds (placeholder, what it stands for)."""

    text: str
    hidden: tuple[tuple[str, str], ...] = ()

    def restore(self, text: str) -> str:
        """Put the hidden values back into a description."""
        for placeholder, value in self.hidden:
            # Not \b: an underscore may stand beside it.
            text = re.sub(rf"(?<![A-Za-z0-9]){placeholder}(?![A-Za-z0-9])", lambda _, v=value: v, text)
        return text


def mask(name: str, people: Sequence[str] = ()) -> Masked:
    """Hide secrets, addresses, numbers of persons and long ids; `people` are names of persons to hide too.

    >>> mask("cv_jean.dupont@free.fr.pdf").text
    'EMAIL_1.pdf'
    """
    spans = sorted(_spans(name, people), key=lambda s: (s[0], -s[1]))
    out, hidden, end = [], [], 0
    counts: Counter[str] = Counter()
    for start, stop, label in _merged(spans):
        value = name[start:stop]
        placeholder = next((p for p, v in hidden if v == value and p.startswith(label)), None)
        while placeholder is None:
            counts[label] += 1
            candidate = f"{label}_{counts[label]}"
            if candidate not in name:  # a file may really be called EMAIL_1
                placeholder = candidate
                hidden.append((placeholder, value))
        out += [name[end:start], f"\0[{placeholder}\0]"]
        end = stop
    text = "".join([*out, name[end:]])
    for placeholder, value in hidden:
        # A person's name may be a part of other words; any other value must not show a second time.
        if not placeholder.startswith("PERSON"):
            # Nor may a value of a letter or two be sought inside the placeholders: password=1.
            text = re.sub(
                f"{INSERTED}|{re.escape(value)}", lambda m, p=placeholder: m[1] or f"\0[{p}\0]", text
            )
    return Masked(re.sub(r"\0[\[\]]", "", EDGE.sub("_", text)), tuple(hidden))


def _merged(spans: Sequence[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """Overlapping spans become one, under the label of the first."""
    current: tuple[int, int, str] | None = None
    for span in spans:
        if current and span[0] < current[1]:
            current = (current[0], max(current[1], span[1]), current[2])
        else:
            if current:
                yield current
            current = span
    if current:
        yield current


def _spans(name: str, people: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    yield from _secrets(name)
    yield from _emails(name)
    for m in IBAN.finditer(name):
        if (length := _iban_length(m[1])) is not None:
            yield m.start(), m.start() + length, "IBAN"
    yield from _cards(name)
    yield from _phones(name)
    for pattern in (names.UUID, names.HEX_RUN):
        for m in pattern.finditer(name):
            yield *m.span(), "HEX"
    for m in LONG_HEX.finditer(name):
        if sum(c.isdigit() for c in m[0]) >= 4 or len(set(m[0].lower())) >= 3:  # aaaa… is no id
            yield *m.span(), "HEX"
    yield from _persons(name, people)


def _emails(name: str) -> Iterator[tuple[int, int, str]]:
    stem, ext = names.split_ext(name)
    for m in EMAIL.finditer(name):
        start, end = m.span()
        if NOT_MAIL.search(m[0]):
            continue
        if end == len(name) and ext not in MAIL_DOMAINS and "." + ext.rpartition(".")[2] in _extensions():
            # the last label is the file's own extension: is what stands before it an address by itself?
            if inner := EMAIL.match(name, start, len(stem)):
                end = inner.end()
            elif start == 0 and ext in ALSO_DOMAINS:
                end = len(stem)
            else:
                continue
        yield start, end, "EMAIL"


@cache
def _extensions() -> frozenset[str]:
    return frozenset(corpus.kinds().by_pattern)


def _cards(name: str) -> Iterator[tuple[int, int, str]]:
    # A date beside a card, or beside an hour, is no part of a number: one in ten would pass for a card's.
    grouped = (m.span(1) for m in CARD_IN_GROUPS.finditer(name))
    for start, end in (*grouped, *(m.span() for m in CARD.finditer(_without_dates(name)))):
        if _luhn(re.sub(r"\D", "", name[start:end])):
            yield start, end, "CARD"


def _phones(name: str) -> Iterator[tuple[int, int, str]]:
    # The matcher knows spaces, dots and dashes; underscores are the file's own way to write them, or stand between
    # the number and what has other digits: a date, an hour.
    bare = _without_dates(name)
    for text in {name.replace("_", " "), bare.replace("_", " "), bare.replace("_", ";")}:
        for region in PHONE_REGIONS:
            for match in phonenumbers.PhoneNumberMatcher(text, region):
                if DATE_AND_HOUR.match(match.raw_string):
                    continue  # 2023110814 is a date and an hour, and a number in Washington
                yield match.start, match.end, "PHONE"


def _without_dates(name: str) -> str:
    """Of the same length: what stands elsewhere stays where it is."""
    return DATE.sub(lambda m: ";" * len(m[0]), name)


def _iban_length(text: str) -> int | None:
    """How much of `text` is a valid IBAN (what follows one may look like its end); None where nothing is."""
    for end in range(len(text), 14, -1):
        compact = re.sub(r"[ _.-]", "", text[:end]).upper()
        if 15 <= len(compact) <= 34 and text[end - 1].isalnum():
            digits = "".join(str(int(c, 36)) for c in compact[4:] + compact[:4])
            if int(digits) % 97 == 1:
                return end
    return None


def _luhn(digits: str) -> bool:
    doubled = (
        d if i % 2 == 0 else (2 * d - 9 if d > 4 else 2 * d) for i, d in enumerate(map(int, digits[::-1]))
    )
    return 13 <= len(digits) <= 19 and sum(doubled) % 10 == 0


def _secrets(name: str) -> Iterator[tuple[int, int, str]]:
    for detector in _detectors():
        # Not analyze_string: it gives back groups of a match, ghp of a whole token.
        for pattern in detector.denylist:
            for m in pattern.finditer(name):
                yield *m.span(), "SECRET"
    for m in PASSWORD.finditer(name):
        stem_end = len(names.split_ext(name)[0])
        end = stem_end if m.start(1) < stem_end < m.end(1) else m.end(1)
        yield m.start(1), end, "SECRET"
    for m in TOKEN.finditer(name):
        if _looks_random(m[0]):
            yield *m.span(), "SECRET"


def _looks_random(text: str) -> bool:
    """Upper, lower and digits mixed without words: a key or token of a service that nobody listed."""
    kinds = (
        any(c.isupper() for c in text),
        any(c.islower() for c in text),
        sum(c.isdigit() for c in text) > 2,
    )
    counts = Counter(text)
    entropy = -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())
    return all(kinds) and entropy > 3.7 and max(map(len, re.findall(r"[a-z]+", text))) < 5


@cache
def _detectors() -> tuple:
    """The detectors of detect-secrets that know a service's token by its shape."""
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    from detect_secrets.plugins.base import RegexBasedDetector

    # These look for an assignment, a URL or an address in source code; a name holds none.
    not_for_names = {"BasicAuthDetector", "IPPublicDetector", "KeywordDetector", "PrivateKeyDetector"}
    classes = get_mapping_from_secret_type_to_class().values()
    return tuple(
        c() for c in classes if issubclass(c, RegexBasedDetector) and c.__name__ not in not_for_names
    )


def _persons(name: str, people: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Persons' names in any case and order, with or without their accents, their parts joined by anything."""
    if not people:
        return
    folded = [(c, i) for i, char in enumerate(name) for c in _plain(char)]
    text, at = "".join(c for c, _ in folded), [i for _, i in folded]
    for person in people:
        pattern = _person(person)
        for m in pattern.finditer(text) if pattern else ():
            start, stop = at[m.start()], at[m.end() - 1] + 1
            while stop < len(name) and unicodedata.combining(name[stop]):
                stop += 1
            if _apart(name, start, stop) or sum(c.isalpha() for c in m[0]) >= GLUED:
                yield start, stop, "PERSON"


def _plain(text: str) -> str:
    return names.fold(text).translate(STROKES)


def _apart(name: str, start: int, stop: int) -> bool:
    """Is this a word, or words, of its own? A capital letter begins one too: contratMarieDupont."""
    before, after = name[start - 1 : start], name[stop : stop + 1]
    begins = not before.isalpha() or (name[start].isupper() and not before.isupper())
    return begins and (not after.isalpha() or (after.isupper() and not name[stop - 1].isupper()))


@cache
def _person(name: str) -> re.Pattern | None:
    """Finds a person's name in folded text; None where the line holds no letters."""
    parts = [re.escape(p) for p in re.split(f"{GAP}+", _plain(name)) if p]
    if not parts:
        return None
    orders = permutations(parts) if len(parts) <= 4 else (parts, parts[::-1])
    return re.compile("|".join(sorted({f"{GAP}*".join(order) for order in orders})))


def read_people(path: Path) -> tuple[str, ...]:
    """One name a line; UserError where the file cannot be read or is empty."""
    try:
        people = tuple(
            line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()
        )
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path} cannot be read: {error}.", "Give a UTF-8 text file, one name a line."
        ) from error
    if not people:
        raise UserError(f"{path} holds no names.", "Write one name a line.")
    return people
