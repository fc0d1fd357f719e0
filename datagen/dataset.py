"""The pairs as a `datasets` DatasetDict with its card, in a folder that load_dataset reads. Nothing is pushed."""

import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from nomenclair.contract import LANGUAGES
from nomenclair.errors import UserError
from nomenclair.records import Pair, columns

CARD = """---
language:
- en
- fr
license: {license}
task_categories:
- text-generation
pretty_name: File names with a description in French and English
size_categories:
- {size}
configs:
- config_name: default
  data_files:
{files}
---

# File names with a description in French and English

Each row is a base name of a file, never a path, with one short description in English (`en`) and one in
French (`fr`) of what the file is, as far as its name tells. Made with nomenclair.

| split | rows |
|---|---|
{splits}

Splits are by hash of the name's family (IMG_0001 and IMG_0002 are one family), so siblings never part.

## Columns
`id` (a hash of the name), `name`, `en`, `fr`, `kind` (a closed list of tags), `teacher` (who wrote the texts:
a model's name, `grammar` for a realiser with a lexicon, `person`), `prompt` (template and hash, or empty).

## Where the texts come from
{teachers}

Prompts: {prompts}.

## Words
{lengths}

## Known limits
- A description says what the name says; the file was never opened and may be something else.
- Names come from the disks that were scanned and carry the habits of their owners; look for personal names
  before sharing this folder.
- Texts that no person reviewed hold a teacher's mistakes. {person} of {total} rows were written by a person.
- `license` above covers the texts; whether the names may be shared is for you to judge.
"""


def write_dataset(folder: Path, splits: Mapping[str, Iterable[Pair]], license: str) -> dict[str, int]:
    """Write one Parquet file per split and README.md; returns the rows of each split.

    The folder is replaced as a whole, once all is written. UserError where there is not one pair.
    """
    from datasets import Dataset, DatasetDict, Features, Value

    rows = {split: list(pairs) for split, pairs in splits.items()}
    rows = {split: pairs for split, pairs in rows.items() if pairs}
    if not rows:
        raise UserError("There is not one pair to write.", "Run: nomenclair generate, then nomenclair curate")
    names = columns(Pair)
    features = Features({name: Value("string") for name in names})
    data = DatasetDict(
        {
            split: Dataset.from_list([{n: getattr(p, n) for n in names} for p in pairs], features=features)
            for split, pairs in rows.items()
        }
    )
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir(parents=True)
        for split, table in data.items():
            table.to_parquet(fresh / f"{split}.parquet")
        (fresh / "README.md").write_text(card(rows, license), encoding="utf-8")
        if folder.exists():
            _check_ours(folder)
            shutil.rmtree(folder)
        fresh.rename(folder)
    except OSError as error:
        raise UserError(
            f"Cannot write {folder}: {error.strerror}.", "Free some space, then run it again."
        ) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return {split: len(pairs) for split, pairs in rows.items()}


def _check_ours(folder: Path) -> None:
    """A folder with anything but a dataset in it is not ours to replace."""
    strangers = [p.name for p in folder.iterdir() if p.name != "README.md" and p.suffix != ".parquet"]
    if strangers:
        raise UserError(f"{folder} holds {strangers[0]}, which no dataset has.", "Move it away first.")


def card(rows: Mapping[str, list[Pair]], license: str) -> str:
    """The dataset card: YAML that hubs and load_dataset read, then words for people."""
    pairs = [pair for split in rows.values() for pair in split]
    teachers = Counter(pair.teacher for pair in pairs).most_common()
    prompts = sorted({pair.prompt for pair in pairs if pair.prompt})
    lengths = []
    for lang in LANGUAGES:
        counts = sorted(len(pair.text(lang).split()) for pair in pairs)
        lengths.append(f"- `{lang}`: {counts[0]} to {counts[-1]}, median {counts[len(counts) // 2]}")
    return CARD.format(
        license=license,
        size=_size_category(len(pairs)),
        files="\n".join(f"  - split: {split}\n    path: {split}.parquet" for split in rows),
        splits="\n".join(f"| {split} | {len(pairs)} |" for split, pairs in rows.items()),
        teachers="\n".join(f"- {teacher}: {n} rows" for teacher, n in teachers),
        prompts=", ".join(prompts) or "none was used",
        lengths="\n".join(lengths),
        person=sum(pair.teacher == "person" for pair in pairs),
        total=len(pairs),
    )


def _size_category(total: int) -> str:
    steps = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
    return next((name for limit, name in steps if total < limit), "1M<n<10M")
