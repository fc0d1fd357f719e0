"""The frozen types that flow through the pipeline, with their columns on disk.

Column order on disk is field order here. Every record has an `id`: the letter n and 15 hexadecimal digits of
the SHA-256 of the name's UTF-8 bytes. The letter keeps spreadsheets from reading an id as a number.
"""

import hashlib
from dataclasses import dataclass, fields
from typing import Literal

from nomenclair import names


def name_id(name: str) -> str:
    return "n" + hashlib.sha256(name.encode("utf-8")).hexdigest()[:15]


@dataclass(frozen=True, slots=True)
class FileName:
    """A base name as found on a disk, with how many files bear it."""

    id: str
    name: str
    ext: str
    family: str
    count: int

    def __post_init__(self):
        if not self.name:
            raise ValueError("a file name is not empty")
        if self.count < 1:
            raise ValueError(f"{self.name!r}: a name stands at least once, not {self.count} times")

    @classmethod
    def of(cls, name: str, count: int = 1) -> "FileName":
        name = names.readable(name)
        return cls(name_id(name), name, names.split_ext(name)[1], names.family(name), count)


@dataclass(frozen=True, slots=True)
class Pair:
    """A name with its two texts.

    `teacher` is a model's name, `grammar` or `person`; `prompt` is template@hash, or "" where none was used.
    """

    id: str
    name: str
    en: str
    fr: str
    kind: str
    teacher: str
    prompt: str

    def __post_init__(self):
        for field in ("id", "name", "en", "fr"):
            if not getattr(self, field):
                raise ValueError(f"{self.name!r}: {field} is empty")

    def text(self, lang: str) -> str:
        return self.fr if lang == "fr" else self.en


# The reason of a name that generate did not come to.
NOT_ASKED = "not-asked-yet"


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why a name has no pair after a stage: `reason` is a code, `raw` what was rejected (a reply, a text)."""

    id: str
    name: str
    stage: Literal["scan", "generate", "curate", "review"]
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class PairFlag:
    """A doubt about a pair that costs requests to raise (a judge, a second answer): a code and why."""

    id: str
    code: str
    why: str


def columns(record_type: type) -> list[str]:
    return [f.name for f in fields(record_type)]
