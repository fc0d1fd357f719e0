"""What an extension or a well-known whole name says the file is: the table corpus/kinds.tsv."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nomenclair import names, opaque
from nomenclair.contract import MAX_CHARS
from nomenclair.errors import UserError

PUNCTUATION = re.compile(r"[^\w+#]+")
# A packed manual page: what stands before its section is the very command, function or file that it is about.
MANUAL_PAGE = re.compile(r"([A-Za-z_][\w:+@-]*(?:\.[A-Za-z][\w:+@-]*)*)\.[1-8][a-z]*\.gz", re.ASCII)
# Old logs and backups are numbered as manual pages are.
ROTATED = re.compile(
    r"log|journal|messages|backup|dump|^(?:kern|dmesg|[bw]tmp)\b|^(?:dpkg|apt)\.|\.(?:tar|sql|csv|txt|err|info|warn|out)$",
    re.IGNORECASE,
)

COLUMNS = ("pattern", "kind", "en", "fr", "gender", "marks")

# The closed list of kind tags; a pair, a metric and a cap speak of nothing finer.
KINDS = frozenset(
    """script source header test notebook stylesheet template config build package executable library compiled
    document spreadsheet presentation text markup webpage ebook email contact calendar photo image icon design
    cad model3d font audio video subtitles playlist archive backup diskimage database data geodata science log
    certificate key temp lock cache translation manual game shortcut folderinfo other""".split()
)
# Kinds that episodes come in; of others `S1E2` may be a sequence and an exercise.
FILMED = frozenset({"video", "subtitles"})


@dataclass(frozen=True, slots=True)
class Kind:
    """One row: `en` and `fr` stand alone as descriptions; `marks` show that a text names this kind."""

    pattern: str
    kind: str
    en: str
    fr: str
    gender: str
    marks: tuple[str, ...]

    def text(self, lang: str) -> str:
        return self.fr if lang == "fr" else self.en

    def told(self, name: str, lang: str) -> str | None:
        """What needs no model: a well-known whole name (`id_rsa.pub`), a packed manual page (`epoll_wait.2.gz`), a
        name that holds a counter, a date or a hash and nothing else (`IMG_0042.jpg`), an episode (`S01E03.mkv`)."""
        if self.pattern == name:
            return self.text(lang)
        stem, text = names.split_ext(name)[0], self.text(lang)
        counted = opaque.told(stem, text, lang) if self.pattern else None
        if counted:
            return counted
        if self.kind in FILMED and (shown := opaque.episode(stem, text, lang)):
            return shown
        page = MANUAL_PAGE.fullmatch(name)
        if self.kind != "manual" or not page or ROTATED.search(page[1]):
            return None
        of = "of " if lang == "en" else "d'" if page[1][0] in "aeiouAEIOU" else "de "
        manual = f"{text} {of}{page[1]}"
        return manual if len(manual) <= MAX_CHARS else text

    def named_in(self, description: str) -> bool:
        """Does the description name this kind? Accents, case and endings do not count."""
        text = f" {PUNCTUATION.sub(' ', names.fold(description))} "
        return any(_starts_a_word(PUNCTUATION.sub(" ", names.fold(mark)), text) for mark in self.marks)


def _starts_a_word(mark: str, text: str) -> bool:
    # A short mark (r, c, go) must be a whole word, or it would begin others.
    return f" {mark}" in text if len(mark) > 2 else f" {mark} " in text


UNKNOWN = Kind("", "other", "File", "Fichier", "m", ("file", "fichier"))
# A suffix that is no word: what a file of it is called at least. Longer ones are mostly words (`x.nodes`), and two
# letters may be a language (`messages.fr`).
CODE = re.compile(r"\.(?=[0-9]*[a-z])(?!(?:de|en|es|fr|it|ja|nl|pl|pt|ru|sv|zh)$)[a-z0-9]{1,3}")


@dataclass(frozen=True, slots=True)
class KindTable:
    by_pattern: Mapping[str, Kind]

    @classmethod
    def load(cls, path: Path) -> "KindTable":
        """Read a kinds.tsv; UserError names the line that is wrong."""
        try:
            lines = path.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{path} cannot be read: {error}.", "Restore the file.") from error
        if tuple(lines[0].split("\t")) != COLUMNS:
            raise UserError(f"{path}: line 1 is not the header {' '.join(COLUMNS)}.", "Restore the file.")
        rows: dict[str, Kind] = {}
        for number, line in enumerate(lines[1:], 2):
            if not line:
                continue
            cells = line.split("\t")
            if len(cells) != len(COLUMNS) or cells[1] not in KINDS or cells[4] not in ("m", "f"):
                raise UserError(
                    f"{path}, line {number}: not {len(COLUMNS)} cells with a known kind and gender.",
                    "Mend the line.",
                )
            if cells[0] in rows:
                raise UserError(f"{path}, line {number}: {cells[0]} stands twice.", "Keep one of the two.")
            rows[cells[0]] = Kind(*cells[:5], tuple(cells[5].split("|")))
        return cls(rows)

    def of(self, name: str) -> Kind:
        """The kind of a name: by its whole name, its last two suffixes (.1.gz), its extension, the end of a
        compound one, or what stands before its first dot (Dockerfile.alpine); of a short extension that stands in no
        row, by its letters: "QZV file"."""
        _, ext = names.split_ext(name)
        # A command called `java` is no Java source: two suffixes need two dots.
        two = "." + ".".join(name.lower().split(".")[-2:]) if name.count(".") > 1 else ""
        candidates = (name, two, ext, "." + ext.rpartition(".")[2], name.partition(".")[0])
        return next((self.by_pattern[c] for c in candidates if c in self.by_pattern), None) or _by_letters(
            ext
        )


def _by_letters(ext: str) -> Kind:
    if not CODE.fullmatch(ext):
        return UNKNOWN
    letters = ext[1:].upper()
    return Kind(ext, "other", f"{letters} file", f"Fichier {letters}", "m", (ext[1:],))
