"""Human-written short texts in French and English from the Debian archive, fetched, never committed.

Package descriptions (21,000 in both languages), comments of file types, one-liners of manual pages. Each item
has a key; a hash of the key splits them in two halves, so that what is tuned on one is measured on the other.
"""

import gzip
import hashlib
import io
import re
import subprocess
import tarfile
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from nomenclair.errors import UserError

LISTS = Path("/var/lib/apt/lists")
CACHE = Path.home() / ".cache" / "nomenclair" / "debian"
PACKAGES = ("manpages", "manpages-dev", "manpages-fr", "manpages-fr-dev", "shared-mime-info")
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
MIME = "{http://www.freedesktop.org/standards/shared-mime-info}"
ROFF = re.compile(r"\\f(?:\[[^\]]*\]|\(..|.)|\\&|\\\^|\\\|")


@dataclass(frozen=True, slots=True)
class BothTexts:
    source: str
    key: str
    en: str
    fr: str

    @property
    def held_out(self) -> bool:
        """True for the half that nobody tunes on; siblings (libfoo-dev, libfoo-doc) go together."""
        stem = re.split(r"[-.\d]", self.key)[0]
        return hashlib.sha256(f"{self.source}:{stem}".encode()).digest()[0] % 2 == 1


def all_texts() -> list[BothTexts]:
    """Every item whose two texts differ and have 2 to 14 words (identical ones are untranslated)."""
    items = [*_descriptions(), *_file_types(), *_manual_pages()]
    return [t for t in items if t.en != t.fr and all(2 <= len(x.split()) <= 14 for x in (t.en, t.fr))]


def apt_lists(*endings: str) -> list[Path]:
    """apt's own lists whose name ends so; UserError that says how to fetch them."""
    found = [p for p in sorted(LISTS.glob("*")) if p.name.endswith(endings)]
    if not found:
        raise UserError(
            f"{LISTS} holds no {' or '.join(endings)}.",
            "As root: apt-get install apt-file, apt-get update -o Acquire::Languages=fr,en, apt-file update.",
        )
    return found


def cat(path: Path) -> subprocess.Popen:
    """A process whose output is the list, decompressed."""
    return subprocess.Popen(["/usr/lib/apt/apt-helper", "cat-file", str(path)], stdout=subprocess.PIPE)


def _descriptions() -> list[BothTexts]:
    texts: dict[str, dict[str, str]] = {"en": {}, "fr": {}}
    for lang, by_package in texts.items():
        for path in apt_lists(f"Translation-{lang}.lz4", f"Translation-{lang}"):
            package = ""
            for line in io.TextIOWrapper(cat(path).stdout, "utf-8"):
                if line.startswith("Package: "):
                    package = line[9:].strip()
                elif line.startswith(f"Description-{lang}: "):
                    by_package[package] = line.partition(": ")[2].strip()
    both = texts["en"].keys() & texts["fr"].keys()
    return [BothTexts("package", key, texts["en"][key], texts["fr"][key]) for key in sorted(both)]


def _file_types() -> list[BothTexts]:
    xml = next(data for path, data in _members("shared-mime-info") if path.endswith("freedesktop.org.xml"))
    out = []
    for entry in ElementTree.fromstring(xml).iter(f"{MIME}mime-type"):
        by_lang = {c.get(XML_LANG, "en"): c.text or "" for c in entry.iter(f"{MIME}comment")}
        if "fr" in by_lang and "en" in by_lang:
            out.append(BothTexts("file type", entry.get("type"), by_lang["en"], by_lang["fr"]))
    return out


def _manual_pages() -> list[BothTexts]:
    texts: dict[str, dict[str, str]] = {"en": {}, "fr": {}}
    for package in PACKAGES[:4]:
        lang = "fr" if "-fr" in package else "en"
        for path, data in _members(package):
            match = re.search(r"/man/(?:fr/)?man\d/([^/]+)\.gz$", path)
            if match and (line := _one_liner(gzip.decompress(data).decode("utf-8", "replace"))):
                texts[lang][match[1]] = line
    both = texts["en"].keys() & texts["fr"].keys()
    return [BothTexts("manual", key, texts["en"][key], texts["fr"][key]) for key in sorted(both)]


def _one_liner(page: str) -> str:
    """What follows the dash in the NAME section of a manual page."""
    match = re.search(
        r'^\.SH "?(?:NAME|NOM)"?\s*\n((?:(?!\.S[HS]).*\n){1,6})', page, re.MULTILINE | re.IGNORECASE
    )
    if not match:
        return ""
    text = " ".join(line for line in match[1].splitlines() if not line.startswith((".", "'")))
    return ROFF.sub("", text.partition("\\-")[2].replace("\\~", " ").replace("\\-", "-")).strip()


def _members(package: str) -> list[tuple[str, bytes]]:
    """(path, content) of each file of a Debian package, downloaded once."""
    CACHE.mkdir(parents=True, exist_ok=True)
    if not list(CACHE.glob(f"{package}_*.deb")):
        subprocess.run(["apt-get", "download", "-q", package], cwd=CACHE, check=True, capture_output=True)
    deb = next(CACHE.glob(f"{package}_*.deb"))
    tar = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        return [(m.name, archive.extractfile(m).read()) for m in archive if m.isfile()]
