"""Student: an exported folder that describes names. numpy, onnxruntime and tokenizers only.

The folder holds model.onnx (token ids to the token ids of some answers, see train/decoding.py) with its weights.bin,
tokenizer.json, student.json (contract version, provenance, hashes), kinds.tsv, words.en.txt.gz and words.fr.txt.gz
(what words texts may be made of) and, where its base has one, glossary.tsv.gz (what it is told of rare words and
terms).
"""

import json
import os
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from nomenclair import contract, guard
from nomenclair.contract import Lang
from nomenclair.errors import UserError
from nomenclair.glossary import Glossary
from nomenclair.kinds import Kind, KindTable
from nomenclair.names import readable
from nomenclair.sorted_lines import WordList, pack, unpack

MODEL, WEIGHTS, TOKENIZER = "model.onnx", "weights.bin", "tokenizer.json"
CARD, KINDS = "student.json", "kinds.tsv"
WORDS: Mapping[Lang, str] = {lang: f"words.{lang}.txt.gz" for lang in contract.LANGUAGES}
# A run of the model holds at most so many beams, and so many tokens of names with their padding: its memory is
# bounded, and larger runs are slower (32 rows a step fit the cache of a core).
ROWS, AREA = 32, 384
# `stream` works on blocks of so many names, and keeps the answers to so many in mind (some 900 bytes each).
BLOCK, REMEMBERED = 1024, 8192
CURE = "Export it again (nomenclair export), or copy the whole folder again."


@dataclass(frozen=True, slots=True)
class Description:
    """A text for a name; `score` is the mean log-probability of its tokens (0 is certain).

    `abstained`: the model was too unsure, or each of its answers said what the name does not give (`guard`); the text
    is the kind alone, the score that of the best answer; so is the score of what the table of kinds tells by itself.
    """

    name: str
    lang: Lang
    text: str
    score: float
    abstained: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says, and the mean log-probability of its tokens."""

    text: str
    score: float


class Student:
    """A loaded student. Safe to call from several threads: a run keeps no state."""

    def __init__(
        self,
        session: onnxruntime.InferenceSession,
        tokenizer: Tokenizer,
        kinds: KindTable,
        card: dict,
        words: Mapping[Lang, Container[str]] | None,
        glossary: Glossary,
    ):
        self._session = session
        self._tokenizer = tokenizer
        self.kinds = kinds
        self.card = card
        self._words = words
        self.glossary = glossary

    @classmethod
    def load(cls, folder: str | os.PathLike, threads: int = 0, verify: bool = False) -> "Student":
        """Load an exported folder. `threads` 0 lets ONNX Runtime choose; `verify` checks every file's hash.

        Raises UserError for a folder that is missing, damaged, or of another contract version.
        """
        folder = Path(folder)
        card = _card(folder)
        if verify:
            _verify(folder, card)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        # Plans of memory by shape: each batch has another, and they cost a tenth of the process's memory.
        options.enable_mem_pattern = False
        try:
            session = onnxruntime.InferenceSession(
                str(folder / MODEL), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises its own types, one per kind of damage
            raise UserError(f"{folder / MODEL} cannot be loaded: {_first_line(error)}.", CURE) from error
        try:
            tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        except Exception as error:  # tokenizers raises bare Exception
            raise UserError(f"{folder / TOKENIZER} cannot be loaded: {_first_line(error)}.", CURE) from error
        tokenizer.no_padding()
        tokenizer.enable_truncation(card.get("max_source_tokens", contract.MAX_SOURCE_TOKENS))
        # Without its glossary a student would answer worse, and nobody would know why.
        if missing := [name for name in (KINDS, *card.get("sha256", ())) if not (folder / name).exists()]:
            raise UserError(f"{folder / missing[0]} is missing.", CURE)
        kinds = KindTable.load(folder / KINDS)
        return cls(session, tokenizer, kinds, card, read_words(folder), Glossary.load(folder))

    def outspoken(self) -> "Student":
        """The same student, saying the model's best answer whatever it is: for measuring it."""
        daring = self.without_thresholds()
        return Student(self._session, self._tokenizer, self.kinds, daring.card, None, self.glossary)

    def without_thresholds(self) -> "Student":
        """The same student, however unsure: the guard alone stops it."""
        card = self.card | {"abstain_below": dict.fromkeys(self.languages, float("-inf"))}
        return Student(self._session, self._tokenizer, self.kinds, card, self._words, self.glossary)

    @property
    def languages(self) -> tuple[Lang, ...]:
        return tuple(self.card["languages"])

    def describe(self, names: Sequence[str], lang: str = "fr") -> list[str]:
        """One description per name, in order."""
        return [found.text for found in self.describe_scored([(name, lang) for name in names])]

    def describe_scored(self, asked: Iterable[tuple[str, str]]) -> list[Description]:
        """One Description per (name, language), in order; the languages may be mixed.

        Names that read the same to the model are answered once.
        """
        return self._told(asked, {})

    def stream(self, asked: Iterable[tuple[str, str]], block: int = BLOCK) -> Iterator[Description]:
        """As describe_scored, block by block, for lists without end; what was answered lately is not run again."""
        waiting, known = iter(asked), {}
        while some := list(islice(waiting, block)):
            yield from self._told(some, known)
            for oldest in list(islice(known, max(0, len(known) - REMEMBERED))):
                del known[oldest]

    def _told(self, asked: Iterable[tuple[str, str]], known: dict[str, list[Answer]]) -> list[Description]:
        """The descriptions; `known` maps sources to answers, and gains the new ones."""
        asked = [(name, self._check_lang(lang)) for name, lang in asked]
        sources = [contract.source_text(name, lang, self.glossary) for name, lang in asked]
        known |= self._answer([source for source in dict.fromkeys(sources) if source not in known])
        return [
            self._description(name, lang, source, known[source])
            for (name, lang), source in zip(asked, sources, strict=True)
        ]

    def _check_lang(self, lang: str) -> Lang:
        if contract.check_lang(lang) not in self.languages:
            raise UserError(
                f"This student does not speak {lang!r}.", f"Use --lang {' or '.join(self.languages)}."
            )
        return lang

    def _description(self, name: str, lang: Lang, source: str, answers: Sequence[Answer]) -> Description:
        """The best answer that is sure enough and that the guard lets pass, or the kind alone.

        What the table of kinds can tell without a model, it tells.
        """
        kind, shown = self.kind(name), readable(name)
        words = self._words[lang] if self._words is not None else None
        named = self.card.get("names_kinds", {}).get(lang, False)
        told = self.by_table(name, lang)
        if told:
            return Description(name, lang, told, answers[0].score, False)
        for answer in answers:
            sure = answer.text and answer.score >= self.card["abstain_below"][lang]
            if sure and (words is None or not guard.fault(shown, answer.text, words, kind, source, named)):
                return Description(name, lang, answer.text, answer.score, False)
        return Description(name, lang, kind.text(lang), answers[0].score, True)

    def kind(self, name: str) -> Kind:
        return self.kinds.of(name)

    def by_table(self, name: str, lang: Lang) -> str | None:
        """What the table of kinds tells of a name without the model; None for an outspoken student, all model."""
        return self.kind(name).told(name, lang) if self._words is not None else None

    def _answer(self, sources: list[str]) -> dict[str, list[Answer]]:
        # One by one: the encodings of many at once take ten times the memory of their ids.
        ids = [self._tokenizer.encode(source).ids for source in sources]
        answers: dict[str, list[Answer]] = {}
        for rows in batches([len(row) for row in ids], ROWS // self.card.get("beams", 1)):
            tokens, scores = self._run([ids[i] for i in rows])
            texts = self._tokenizer.decode_batch(
                tokens.reshape(-1, tokens.shape[2]).tolist(), skip_special_tokens=True
            )
            found = map(
                Answer, (guard.mended(" ".join(text.split())) for text in texts), scores.ravel().tolist()
            )
            answers |= {sources[i]: list(islice(found, tokens.shape[1])) for i in rows}
        return answers

    def _run(self, ids: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
        """Token ids [names, answers, steps] and scores [names, answers]."""
        width = max(map(len, ids))
        padded = np.zeros((len(ids), width), np.int64)
        mask = np.zeros_like(padded)
        for row, tokens in enumerate(ids):
            padded[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        bound = np.array(self.card.get("max_new_tokens", contract.MAX_NEW_TOKENS), np.int64)
        feed = {"input_ids": padded, "attention_mask": mask, "max_new_tokens": bound}
        return self._session.run(["tokens", "score"], feed)


def batches(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """The indices of `lengths` in runs of like lengths, so that little is padding: at most so many, and AREA tokens.

    >>> list(batches([500, 3, 400, 5], 8))
    [[1, 3], [2], [0]]
    """
    run: list[int] = []
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        if run and (len(run) == most or (len(run) + 1) * lengths[i] > AREA):
            yield run
            run = []
        run.append(i)
    if run:
        yield run


def read_words(folder: Path) -> dict[Lang, WordList]:
    """The folded words that this student's texts of each language may be made of, beside those of the name."""
    return {lang: WordList(unpack(folder / name)) for lang, name in WORDS.items()}


def write_words(folder: Path, texts: Mapping[Lang, Iterable[str]]) -> None:
    """The files that `read_words` reads: the vocabulary of these texts of each language."""
    for lang, name in WORDS.items():
        words = sorted(guard.vocabulary(texts[lang]))
        pack(folder / name, "".join(f"{word}\n" for word in words).encode())


def _card(folder: Path) -> dict:
    if not folder.is_dir():
        raise UserError(f"No student at {folder}.", "Make one: nomenclair export --workspace …")
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        version, _, _ = card["contract"], card["abstain_below"], card["languages"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{folder / CARD} cannot be read: {_first_line(error)}.", CURE) from error
    if version != contract.CONTRACT_VERSION:
        raise UserError(
            f"The student at {folder} has contract version {version}, not {contract.CONTRACT_VERSION}.",
            "Export it again with this version, or install the version that made it.",
        )
    return card


def _verify(folder: Path, card: dict) -> None:
    import hashlib  # brings OpenSSL along: 4 MB that only this check needs

    for name, expected in card["sha256"].items():
        path = folder / name
        if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            raise UserError(f"{path} is not the file that was exported.", CURE)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
