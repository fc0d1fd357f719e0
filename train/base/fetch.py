"""Bilingual text of the machine's Debian archive, as raw material for pretraining. Nothing of it is committed.

    python -m train.base.fetch FOLDER [--catalogues 700]

Writes FOLDER/strings.tsv (source, en, fr), one pair of short texts a line, and FOLDER/licences.tsv. Needs apt on
Debian or a derivative, and a network.
"""

import argparse
import gettext
import gzip
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from nomenclair.errors import UserError

ONE_LINE = re.compile(r"^Description-(?:en|fr): (.+)$", re.MULTILINE)
PACKAGE = re.compile(r"^Package: (.+)$", re.MULTILINE)
WHATIS = re.compile(
    r"^\.SH \"?(?:NAME|NOM)\"?\s*\n(?:\.[A-Z].*\n)*(.+?) \\?(?:-|\\\(em|\\\[em\]) (.+)$", re.MULTILINE
)
LICENCE = re.compile(r"^License: *(\S.*)$", re.MULTILINE)
MNEMONIC = re.compile(r"[_&](?=\w)")
MAX_CHARS = 90


def apt(folder: Path, *words: str) -> subprocess.CompletedProcess:
    """Run an apt-get whose lists and archives live under `folder`, so that the machine's own are left alone."""
    for sub in ("lists/partial", "archives/partial"):
        (folder / sub).mkdir(parents=True, exist_ok=True)
    command = [
        "apt-get",
        "-o",
        f"Dir::State::Lists={folder}/lists",
        "-o",
        f"Dir::Cache::Archives={folder}/archives",
    ]
    command += ["-o", "Acquire::Languages=fr,en", *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder / "archives")
    if done.returncode:
        raise UserError(
            f"apt-get {words[0]} failed: {done.stderr.strip()[-300:]}", "Check the network and sources.list."
        )
    return done


def read_list(pattern: str, folder: Path) -> str:
    """The text of the apt lists whose file name ends in `pattern`, whatever they are packed with."""
    texts = []
    for path in sorted((folder / "lists").glob(f"*{pattern}*")):
        helper = ["/usr/lib/apt/apt-helper", "cat-file", str(path)]
        texts.append(
            subprocess.run(helper, capture_output=True, check=True).stdout.decode("utf-8", "replace")
        )
    return "\n\n".join(texts)


def package_lines(folder: Path) -> Iterator[tuple[str, str, str]]:
    """(package, English line, French line) for each package described in both languages."""
    lines: list[dict[str, str]] = []
    for lang in ("en", "fr"):
        found = {}
        for block in read_list(f"Translation-{lang}", folder).split("\n\n"):
            name, line = PACKAGE.search(block), ONE_LINE.search(block)
            if name and line:
                found.setdefault(name[1], line[1].strip())
        lines.append(found)
    english, french = lines
    for name, line in french.items():
        if name in english and line != english[name]:
            yield name, english[name], line


def catalogue_packages(folder: Path, contents: str, limit: int) -> list[str]:
    """The `limit` smallest packages that hold a French catalogue."""
    sizes: dict[str, int] = {}
    for block in read_list("Packages", folder).split("\n\n"):
        name, size = PACKAGE.search(block), re.search(r"^Size: (\d+)$", block, re.MULTILINE)
        if name and size:
            sizes[name[1]] = int(size[1])
    holders = re.findall(r"^\S*/fr/LC_MESSAGES/\S+\.mo\s+(\S+)$", contents, re.MULTILINE)
    names = {one.rpartition("/")[2] for holder in holders for one in holder.split(",")}
    return sorted(names & sizes.keys(), key=lambda n: (sizes[n], n))[:limit]


def plain(text: str) -> str:
    """A menu entry without its mnemonic and dots."""
    return MNEMONIC.sub("", text).strip().rstrip(".…: ")


def is_phrase(text: str) -> bool:
    letters = sum(c.isalpha() or c == " " for c in text)
    return 3 <= len(text) <= MAX_CHARS and letters > 0.8 * len(text) and "\n" not in text


def catalogue_strings(path: Path) -> Iterator[tuple[str, str]]:
    """(en, fr) for each short message of a .mo file that is text and not code."""
    with path.open("rb") as file:
        try:
            messages = gettext.GNUTranslations(file)._catalog
        except (OSError, IndexError, ValueError):
            return  # a catalogue in an unnamed or broken encoding: one of hundreds
    for english, french in messages.items():
        if isinstance(english, str) and english and isinstance(french, str):
            pair = plain(english.rpartition("\x04")[2]), plain(french)
            if all(map(is_phrase, pair)) and pair[0] != pair[1]:
                yield pair


def mime_comments(path: Path) -> Iterator[tuple[str, str]]:
    """(en, fr) of shared-mime-info's catalogue of file types (its package ships the merged XML)."""
    text = path.read_text(encoding="utf-8")
    for block in re.findall(r"<mime-type .*?</mime-type>", text, re.DOTALL):
        english = re.search(r"<comment>([^<]+)</comment>", block)
        french = re.search(r'<comment xml:lang="fr">([^<]+)</comment>', block)
        if english and french:
            yield english[1], french[1]


def man_line(path: Path) -> str | None:
    """The one-line summary of a manual page."""
    match = WHATIS.search(gzip.decompress(path.read_bytes()).decode("utf-8", "replace"))
    return re.sub(r"\\f.|\\&|\\", "", match[2]).strip() if match else None


def man_lines(root: Path) -> Iterator[tuple[str, str]]:
    man = root / "usr/share/man"
    for french in sorted((man / "fr").rglob("*.gz")):
        english = man / french.relative_to(man / "fr")
        if english.is_file():
            pair = man_line(english), man_line(french)
            if pair[0] and pair[1] and max(map(len, pair)) <= MAX_CHARS:
                yield pair


def strings(folder: Path, contents: str, catalogues: int) -> Iterator[tuple[str, str, str]]:
    """(source, en, fr) from every source; packages are unpacked one at a time."""
    for name, english, french in package_lines(folder):
        yield f"package:{name}", english, french
    names = catalogue_packages(folder, contents, catalogues)
    apt(
        folder,
        "download",
        *names,
        "shared-mime-info",
        "manpages",
        "manpages-dev",
        "manpages-fr",
        "manpages-fr-dev",
    )
    manual = tempfile.TemporaryDirectory()
    for package in sorted((folder / "archives").glob("*.deb")):
        name = package.name.split("_")[0]
        with tempfile.TemporaryDirectory() as scratch:
            root = Path(manual.name if name.startswith("manpages") else scratch)
            subprocess.run(["dpkg-deb", "-x", str(package), str(root)], check=True)
            for path in sorted(root.glob("usr/share/locale/fr/LC_MESSAGES/*.mo")):
                for english, french in catalogue_strings(path):
                    yield f"catalogue:{name}", english, french
            for path in root.glob("usr/share/mime/packages/freedesktop.org.xml"):
                for english, french in mime_comments(path):
                    yield f"mime:{name}", english, french
            for path in root.glob("usr/share/doc/*/copyright"):
                yield (
                    f"licence:{name}",
                    " ".join(sorted(set(LICENCE.findall(path.read_text("utf-8", "replace"))))),
                    "",
                )
    for english, french in man_lines(Path(manual.name)):
        yield "manual", english, french
    manual.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--catalogues", type=int, default=700)
    parser.add_argument(
        "--contents", type=Path, nargs="*", default=[], help="Contents lists, unpacked; else fetched"
    )
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    apt(args.folder, "update")
    contents = "\n".join(p.read_text("utf-8") for p in args.contents) or read_list("Contents", args.folder)
    seen: set[tuple[str, str]] = set()
    with (
        (args.folder / "strings.tsv").open("w", encoding="utf-8") as out,
        (args.folder / "licences.tsv").open("w", encoding="utf-8") as licences,
    ):
        for source, *pair in strings(args.folder, contents, args.catalogues):
            if source.startswith("licence:"):
                print(source[8:], pair[0], sep="\t", file=licences)
            elif tuple(pair) not in seen and "\t" not in "".join(pair):
                seen.add(tuple(pair))
                print(source, *pair, sep="\t", file=out)
    print(f"{len(seen)} pairs in {args.folder / 'strings.tsv'}")


if __name__ == "__main__":
    main()
