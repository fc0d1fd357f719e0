"""What names that say nothing say after all: a day, a counter, an episode. Told by rule, for a model could only add
to it."""

import re
from calendar import monthrange

from nomenclair import names
from nomenclair.contract import CLOCK

# What cameras and phones write before a counter or a day, and behind it (`DJI_…_D`); E marks an edited picture.
CAMERA = re.compile(
    r"^(?:C?IMG(?:[ _-]?E)?|_MG|DSC[FN]?|PICT|PXL|VID|MVI|GOPR|G[HX]|DJI|WP|SAM|[PRL](?=[0-9]{7}$))(?![A-Za-z])"
    r"|(?<=[0-9])_[DV]$",
    re.IGNORECASE,
)
DAY = re.compile(
    rf"(?<![0-9])(?P<year>{names.YEAR})(?P<mark>[-_. ]?)(?P<month>{names.MONTH})(?P=mark)(?P<day>{names.DAY})(?![0-9])"
)
HASH = "#"
# A bare number may be anything: 404 an error, 2024 a year, six or eight digits a day. Beside a day a
# long one is a clock's.
BARE = re.compile(rf"00[0-9]{{1,6}}|0[0-9]{{1,4}}|(?!{names.YEAR}$)[0-9]{{4,5}}|[0-9]{{7}}")
OF_CAMERA, DATED = re.compile("[0-9]{1,7}"), re.compile("[0-9]{1,5}")
SEPARATORS = re.compile("[ _.-]+")
EPISODE = re.compile(r"S([0-9]{1,2})[ _.-]?E([0-9]{1,3})", re.IGNORECASE)


def told(stem: str, kind: str, lang: str) -> str | None:
    """The kind with the stem's counter and day; None where the stem holds anything else, or nothing at all.

    >>> told("IMG_20240102_101112", "JPEG photo", "en"), told("20220611_0003", "Image TIFF", "fr")
    ('JPEG photo from 2 January 2024', 'Image TIFF n° 3 du 11 juin 2022')
    >>> told("b7d2e91f", "OpenDocument text", "en"), told("report_0003", "PDF document", "en")
    ('OpenDocument text', None)
    """
    rest = names.without_hashes(CLOCK.sub(r"\g<day>", stem), HASH)
    is_hashed = HASH in rest
    date = _day(rest)
    rest = rest.replace(HASH, " ", 1)
    if date:
        rest = f"{rest[: date.start()]} {rest[date.end() :]}"
    rest, cameras = CAMERA.subn(" ", rest)
    counter = DATED if date else OF_CAMERA if cameras else BARE
    parts = [part for part in SEPARATORS.split(rest) if part]
    if len(parts) > 1 or not all(map(counter.fullmatch, parts)) or not (parts or date or is_hashed):
        return None
    number = f" {'n°' if lang == 'fr' else 'no.'} {int(parts[0])}" if parts else ""
    return kind + number + (_of(date, lang) if date else "")


def episode(stem: str, kind: str, lang: str) -> str | None:
    """The kind with the season and the episode that the stem is a code of; None where it is anything else.

    >>> episode("S01E03", "MKV video", "en"), episode("s1.e12", "Sous-titres SRT", "fr")
    ('MKV video of season 1, episode 3', 'Sous-titres SRT de la saison 1, épisode 12')
    """
    code = EPISODE.fullmatch(stem)
    if not code:
        return None
    season, number = map(int, code.groups())
    if lang == "en":
        return f"{kind} of season {season}, episode {number}"
    return f"{kind} de la saison {season}, épisode {number}"


def _day(stem: str) -> re.Match[str] | None:
    """The stem's day, if its month has it: 31 February is none."""
    date = DAY.search(stem)
    return date if date and int(date["day"]) <= monthrange(int(date["year"]), int(date["month"]))[1] else None


def _of(date: re.Match[str], lang: str) -> str:
    day, month = int(date["day"]), int(date["month"]) - 1
    if lang == "en":
        return f" from {day} {names.ENGLISH_MONTHS[month]} {date['year']}"
    return f" du {'1er' if day == 1 else day} {names.FRENCH_MONTHS[month]} {date['year']}"
