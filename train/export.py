"""A trained model to a student folder: one int8 ONNX graph, tokenizer, card. Each gate is measured.

The LoRA adapter is merged on the unquantised base (merging into 8-bit weights would round them). Decoding greedily,
fp32 ONNX must give the same tokens as torch; int8 must keep chrF within a tolerance of fp32 in each language.
"""

import hashlib
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from peft import PeftModel

from datagen.corpus import seed_pairs
from nomenclair import contract
from nomenclair.contract import source_text
from nomenclair.errors import UserError
from nomenclair.glossary import FILE as GLOSSARY
from nomenclair.glossary import Glossary
from nomenclair.kinds import KindTable
from nomenclair.records import Pair
from nomenclair.student import CARD, KINDS, MODEL, TOKENIZER, WEIGHTS, WORDS, Student, write_words
from nomenclair.workspace import read_json, read_records, write_json, write_text
from train import bases
from train.calibrate import ALWAYS, GOOD_ENOUGH, NEVER, SMALLEST_SAMPLE, thresholds
from train.data import STORED, OwnPair, spread
from train.folder import PREPARED
from train.full_disk import failed_writes_told
from train.parity import check_parity
from train.quantise import FP32, Quality, quantise, write_graph
from train.ranges import activation_ranges
from train.t5_shape import head_scale

GATE_NAMES = 300  # that each precision describes
# Pairs that are looked at, and the share of them whose text names the kind, for a student to have to.
KIND_PAIRS, MOSTLY = 2000, 0.9
FRENCH_INFINITIVE = re.compile(r"^\w+(?:er|ir|re)$")


def load_trained(training: Path) -> tuple[torch.nn.Module, Path, dict]:
    """The merged fp32 model, its tokenizer folder, and training.json."""
    report = read_json(training / "training.json")
    if report.get("contract") != contract.CONTRACT_VERSION:
        raise UserError(
            f"{training} was made under contract {report.get('contract')}, this is {contract.CONTRACT_VERSION}.",
            "Train again: nomenclair train --fresh",
        )
    settings = report["settings"]
    tokenizer_folder = training / "tokenizer"
    if settings["full"] or settings["base"] == bases.RANDOM:
        tokenizer = bases.load_tokenizer(str(tokenizer_folder), ())
        return (
            bases.load_model(str(training / "model"), tokenizer, 0).float().eval(),
            tokenizer_folder,
            report,
        )
    if not report["prepared"]:
        _check_base(training, report)
    base = str(training / PREPARED) if report["prepared"] else settings["base"]
    tokenizer = bases.load_tokenizer(base, ())
    base = bases.load_model(base, tokenizer, settings["seed"], dtype=torch.float32)
    merged = PeftModel.from_pretrained(base, str(training / "adapter")).merge_and_unload()
    return merged.eval(), tokenizer_folder, report


def _check_base(training: Path, report: dict) -> None:
    """An adapter changes the weights that it was trained on; added to others it spoils them, and no gate sees it.

    A report of an earlier version does not tell the weights.
    """
    base = report["settings"]["base"]
    if "weights" in report and bases.digest(base) != report["weights"]:
        raise UserError(
            f"The base {base} is no longer the one that {training} was trained on.",
            f"Put the old one back, or train again: nomenclair train --fresh --workspace {training.parent}",
        )


@failed_writes_told()
def export(
    training: Path,
    student: Path,
    validation: Sequence[Pair],
    kinds: Path,
    int4: bool = False,
    beams: int = contract.BEAMS,
) -> list[Quality]:
    """Build, check and write the student folder; returns the quantisation table, fp32 first, the kept one last.

    With `int4` the weights have 4 bits where that passes the gate, too; with one beam it decodes greedily. Ranges,
    gates and the threshold under which the student answers with the kind alone are all taken on the `validation`
    pairs: test names stay unseen. The old folder stays whole until the new one is complete. UserError where a gate
    does not open or the disk is full.
    """
    model, tokenizer_folder, report = load_trained(training)
    languages = tuple(report["settings"]["languages"])
    fresh = student.with_name(f".{student.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        _write_words(training, tokenizer_folder, kinds, fresh)
        weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
        card = _card(report, bases.limits(model.config.vocab_size), beams, training, kinds)
        write_json(fresh / CARD, card)
        write_graph(model, weights, FP32, fresh)
        check_parity(model, fresh, validation, languages)
        ranges = _ranges(model, fresh, validation, languages)
        write_graph(model, weights, FP32, fresh, beams=beams)
        table = quantise(model, weights, fresh, validation[:GATE_NAMES], languages, int4, ranges, beams)
        calibration = thresholds(fresh, validation, languages)
        card |= {
            "quantisation": [asdict(row) for row in table],
            "precision": table[-1].precision,
            "calibration": calibration,
            "abstain_below": {lang: calibration[lang]["abstain_below"] for lang in languages},
        }
        write_text(fresh / "README.md", model_card(card))
        parts = (MODEL, WEIGHTS, TOKENIZER, KINDS, *WORDS.values(), GLOSSARY)
        card["sha256"] = {name: _sha256(fresh / name) for name in parts if (fresh / name).exists()}
        write_json(fresh / CARD, card)
        _replace_folder(fresh, student)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return table


def export_fp32(training: Path, folder: Path, kinds: Path, beams: int) -> None:
    """The student in fp32, ungated, into an existing folder: what int8 is compared with."""
    model, tokenizer_folder, report = load_trained(training)
    _write_fp32(model, report, training, tokenizer_folder, kinds, folder, beams)


def export_untuned(training: Path, folder: Path, kinds: Path, beams: int) -> None:
    """The base as it was before this training, in fp32, ungated, into an existing folder."""
    report = read_json(training / "training.json")
    _check_base(training, report)
    base, seed = report["settings"]["base"], report["settings"]["seed"]
    # A trimmed base has other token ids; only a random one has no tokenizer of its own.
    source = str(training / "tokenizer") if base == bases.RANDOM else base
    tokenizer = bases.load_tokenizer(source, ())
    model = bases.load_model(base, tokenizer, seed).eval()
    with tempfile.TemporaryDirectory() as own:
        tokenizer.save_pretrained(own)
        Glossary.load(Path(source)).store(Path(own))
        _write_fp32(model, report, training, Path(own), kinds, folder, beams)


def _write_fp32(
    model, report: dict, training: Path, tokenizer_folder: Path, kinds: Path, folder: Path, beams: int
) -> None:
    _write_words(training, tokenizer_folder, kinds, folder)
    most = bases.limits(model.config.vocab_size)
    write_json(folder / CARD, _card(report, most, beams, training, kinds))
    weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    write_graph(model, weights, FP32, folder, beams=beams)


def _write_words(training: Path, tokenizer_folder: Path, kinds: Path, folder: Path) -> None:
    """Everything of a student that is no model: its tokenizer, glossary, kinds, and the words of its texts.

    Those are the words of its pairs, the seed corpus, the kinds and the embedded base's glossary.
    """
    corpus = kinds.parent
    shutil.copy(tokenizer_folder / "tokenizer.json", folder / TOKENIZER)
    shutil.copy(kinds, folder / KINDS)
    Glossary.load(tokenizer_folder).store(folder)
    told = [*_pairs(training, corpus), *seed_pairs(corpus), *KindTable.load(kinds).by_pattern.values()]
    texts = {lang: [one.text(lang) for one in told] for lang in contract.LANGUAGES}
    for line in Glossary.load(bases.EMBEDDED).lines.decode().splitlines():
        word, english, french = line.split("\t")
        # A cell is empty where the word itself is of that language; an infinitive's tells another form of it.
        texts["en"].append(english or word)
        texts["fr"].append(
            f"{french} {word}" if english and FRENCH_INFINITIVE.search(word) else french or word
        )
    write_words(folder, texts)


def names_kinds(pairs: Sequence[Pair], table: KindTable, languages: Sequence[str]) -> dict[str, bool]:
    """Per language: do the pairs' texts name the files' kinds? Then the student's answers must.

    Pairs of one's own may say what files are about and nothing else.
    """
    of_pairs = ((pair, table.of(pair.name)) for pair in spread(pairs, KIND_PAIRS))
    known = [(pair, kind) for pair, kind in of_pairs if kind.pattern in table.by_pattern]
    named = {
        lang: [kind.named_in(pair.text(lang)) for pair, kind in known if pair.text(lang)]
        for lang in languages
    }
    return {lang: bool(said) and sum(said) / len(said) >= MOSTLY for lang, said in named.items()}


def _pairs(training: Path, corpus: Path) -> list[Pair]:
    """The pairs that a training was made from; the seed corpus's where it did not store them."""
    own = training / STORED
    return list(read_records(own, OwnPair)) if own.exists() else seed_pairs(corpus)


def _card(report: dict, most: bases.Limits, beams: int, training: Path, kinds: Path) -> dict:
    languages = tuple(report["settings"]["languages"])
    return {
        "contract": contract.CONTRACT_VERSION,
        "languages": languages,
        "max_source_tokens": most.source,
        "max_new_tokens": most.new,
        "beams": beams,
        "abstain_below": dict.fromkeys(languages, NEVER),
        "base": report["settings"]["base"],
        "data": report["data"],
        "training": report["result"],
        "versions": report["versions"],
        "names_kinds": names_kinds(_pairs(training, kinds.parent), KindTable.load(kinds), languages),
    }


def _ranges(
    model, folder: Path, pairs: Sequence[Pair], languages: Sequence[str]
) -> dict[str, tuple[float, float]]:
    student = Student.load(folder)
    tokenizer = student._tokenizer
    asked = [
        (
            tokenizer.encode(source_text(pair.name, lang, student.glossary)).ids,
            tokenizer.encode(pair.text(lang)).ids,
        )
        for pair in pairs
        for lang in languages
    ]
    return activation_ranges(model, asked, head_scale(model.config))


def _replace_folder(fresh: Path, target: Path) -> None:
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    try:
        fresh.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def model_card(card: dict) -> str:
    """The student's README.md: what it is, how it was made, what its precision cost, when it abstains."""
    rows = "\n".join(
        f"| {row['precision']} | {row['megabytes']:.1f} | "
        + " | ".join(
            f"{row['chrf'][lang]:.1f} | {row['same_as_fp32'][lang]:.0%} | {row['kind_errors'][lang]:.0%}"
            for lang in card["languages"]
        )
        + " |"
        for row in card["quantisation"]
    )
    heads = " | ".join(f"chrF {lang} | same texts {lang} | kind errors {lang}" for lang in card["languages"])
    abstaining = "\n".join(
        f"- {lang}: {_abstention(card['calibration'][lang])}" for lang in card["languages"]
    )
    guarded = ", ".join(f"{card['calibration'][lang]['guarded']:.0%} in {lang}" for lang in card["languages"])
    return f"""# A nomenclair student

Describes a file from its name alone, in: {", ".join(card["languages"])}. One ONNX graph, {_decoding(card["beams"])}.

- base: `{card["base"]}`
- training data: SHA-256 `{card["data"]}`
- validation loss: {card["training"]["validation_loss"]:.3f} (training loss {card["training"]["train_loss"]:.3f})
- stored as: {card["precision"]}

| precision | MB | {heads} |
|---|---|{"---|---|---|" * len(card["languages"])}
{rows}

Measured on validation names, against the pairs' own texts. "Same texts" are those equal to fp32's; "kind errors"
are texts that do not name the file's kind. The last row is the one stored. Where inputs are scaled by what
validation names showed, a name's text does not depend on the others of its batch; scaled by batch, it does.

## Abstention

Each description has a score, the mean log-probability of its tokens. Under a threshold the student says the
kind of file alone: there, descriptions of validation names reach a mean chrF of less than {GOOD_ENOUGH:.0f}.

{abstaining}

So it does where each of its answers holds a number, a month or a word that neither the name nor the words of its
training give{", or does not name the file's kind" if any(card["names_kinds"].values()) else ""}: {guarded}.

It sees names only: it can be wrong about what a file holds, and says nothing about its safety.
"""


def _decoding(beams: int) -> str:
    return "greedy decoding" if beams == 1 else f"beam search with {beams} beams"


def _abstention(row: Mapping) -> str:
    if row["abstain_below"] == NEVER:
        enough = row["measured"] >= SMALLEST_SAMPLE
        why = "descriptions are good enough at every score" if enough else "too few names to choose"
        return f"never abstains ({why}; {row['measured']} of {row['names']} validation names measured)"
    if row["abstain_below"] == ALWAYS:
        return f"always abstains: no score promises a good description ({row['names']} validation names)"
    return f"threshold {row['abstain_below']:.3f}: {row['coverage']:.0%} of {row['names']} validation names described"
