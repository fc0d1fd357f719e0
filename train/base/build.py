"""Examples for pretraining: tokenised shards, the tokenizer and the held-out names.

    python -m train.base.build OUT --strings strings.tsv --names names.txt [--composed 300000]

Writes OUT/tokenizer.json (made once), OUT/held_out.json and one .npz for each sort of example.
"""

import argparse
import hashlib
import json
import random
import re
import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Tokenizer

from nomenclair import names
from nomenclair.contract import LANGUAGES, source_text
from nomenclair.glossary import Glossary
from nomenclair.kinds import KindTable
from train.base import proper_names
from train.base import tokenizer as tokens
from train.base.compose import Composer, Lexicon
from train.base.dated import dated
from train.base.glossary import glosses, set_right
from train.base.inflection import english_third
from train.base.shards import Shard
from train.base.swap import Forms, Row, forms
from train.base.told_kinds import extensions, rare_kinds, told_kinds
from train.base.vary import Pools, variants
from train.data import split_of

CORPUS = Path(__file__).parents[2] / "corpus"
PREFIXES = ("fr:", "en:", "fr", "en")
# Of one name in so many the kind is told although it is well known: so the model learns to read what it is told.
FULLER = 7
CAPITALISED = re.compile("[A-ZÀ-Þ][a-zà-ÿ]{2,9}")


def read_rows(path: Path) -> list[Row]:
    """(name, en, fr) of a seed file."""
    return [tuple(line.split("\t")[:3]) for line in path.read_text(encoding="utf-8").splitlines()[1:]]


def seed_rows(corpus: Path) -> tuple[list[Row], list[Row]]:
    """The seed corpus: rows to train on, and the validation rows; the test rows are left alone."""
    rows = [row for path in sorted((corpus / "pairs").glob("*.tsv")) for row in read_rows(path)]
    return [r for r in rows if split_of(r[0]) == "train"], [r for r in rows if split_of(r[0]) == "validation"]


def third_person(verb: str) -> str | None:
    """The French third person of the present, by pyrealb, or None for a verb that it does not know."""
    from pyrealb import V, loadFr

    loadFr()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = str(V(verb).t("p").pe(3).realize()).strip(" .")
    return None if "[" in text or not text else text


def unknown_words(path: Path, known: set[str], limit: int) -> list[str]:
    """Words of real names that the lexicon lacks, to be copied: letters, 3 to 12 of them, readable."""
    seen: Counter[str] = Counter()
    rng = random.Random(5)
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    for name in rng.sample(lines, min(len(lines), 200_000)):
        for word in names.words(names.split_ext(name)[0]):
            if (
                3 <= len(word) <= 12
                and word.isalpha()
                and word.lower() not in known
                and not names.is_opaque(word)
            ):
                seen[word] += 1
    return sorted(seen, key=lambda w: (-seen[w], w))[:limit]


def both_lexicons() -> Lexicon:
    """The words that the grammar teacher knows, and those that only the base learns."""
    return Lexicon.load(CORPUS / "lexicon.tsv", CORPUS / "dictionary.tsv")


def composer(table: KindTable, real_names: Path, seed: int) -> Composer:
    """A composer on the corpus's words; a kind is the likelier the more the seed corpus has of it."""
    frequent = Counter(table.of(n).pattern for n, _, _ in seed_rows(CORPUS)[0])
    weighted = [k for k in extensions(table) for _ in range(1 + min(20, frequent[k.pattern]))]
    lexicon = both_lexicons()
    known = {
        form.lower() for words in lexicon.by_pos.values() for w in words for form in (w.form, w.en, w.fr)
    }
    thirds = {verb: third_person(verb) for verb in {w.fr.partition(" ")[0] for w in lexicon.by_pos["V"]}}
    return Composer(lexicon, weighted, unknown_words(real_names, known, 30_000), thirds.get, seed)


def both(rows: Iterable[Row], glossary: Glossary, fuller: Glossary | None = None) -> list[tuple[str, str]]:
    """(source, target) of each row in each language; one row in FULLER is read by the `fuller` glossary."""
    return [
        (
            source_text(n, lang, fuller if fuller and i % FULLER == 0 else glossary),
            {"en": en, "fr": fr}[lang],
        )
        for i, (n, en, fr) in enumerate(rows)
        for lang in LANGUAGES
    ]


def shard(tokenizer: Tokenizer, pairs: list[tuple[str, str]]) -> Shard:
    """Tokenise and pack; the order is shuffled once, by a fixed seed."""
    pairs = list(pairs)
    random.Random(7).shuffle(pairs)
    sources = tokenizer.encode_batch([s for s, _ in pairs])
    targets = tokenizer.encode_batch([t for _, t in pairs])
    return Shard.of([(s.ids, t.ids) for s, t in zip(sources, targets, strict=True)])


def pools(lexicon: Lexicon, real_names: Path, rows: Iterable[Row]) -> Pools:
    """What the variants of the written pairs `rows` are drawn from."""
    french = {w.fr.partition(" ")[0] for w in lexicon.by_pos["V"]}
    infinitive = {third: verb for verb in sorted(french) if (third := third_person(verb))}
    infinitive |= {english_third(w.en).split()[0]: w.en.split()[0] for w in lexicon.by_pos["V"]}
    proper = {w.en for w in lexicon.by_pos["P"]} | {w.title() for w in unknown_words(real_names, set(), 3000)}
    by_class = {"": sorted(w for w in proper if CAPITALISED.fullmatch(w))}
    for name in proper_names.load(CORPUS / "proper_names.tsv"):
        if CAPITALISED.fullmatch(name.name) and name.also != "word":
            by_class.setdefault(name.kind, []).append(name.name)
    return Pools(by_class, infinitive, Forms.of(forms(lexicon, rows)))


def translations(strings: list[Row], kinds: list, glossary: Glossary) -> list[tuple[str, str]]:
    """Auxiliary examples of the archive's strings: `fr2: text` asks for the text's French, `en2:` for its English;
    and names made of a string, whose description is a text file's."""
    out = []
    rng = random.Random(3)
    for _, en, fr in strings:
        en, fr = (
            en[:1].lower() + en[1:] if en[1:2].islower() else en,
            fr[:1].lower() + fr[1:] if fr[1:2].islower() else fr,
        )
        out += [(f"fr2: {en}", fr), (f"en2: {fr}", en)]
        kind = rng.choice(kinds)
        for text in (en, fr):
            name = "_".join(names.words(text)[:9]) + kind.pattern
            if len(text) < 45:
                out += [
                    (source_text(name, "fr", glossary), f"{kind.fr} : {fr}"),
                    (source_text(name, "en", glossary), f"{kind.en}: {en}"),
                ]
    return out


def tokenizer_text(
    examples: list[tuple[str, str]], strings: list[Row], lexicon: Lexicon, table: KindTable
) -> Counter[str]:
    """Weighted lines that the tokenizer learns from: the kinds and the lexicon's words weigh more than examples."""
    lines: Counter[str] = Counter()
    for words in lexicon.by_pos.values():
        for word in words:
            lines[f"{word.form} {word.en} {word.fr}"] += 3
    for kind in table.by_pattern.values():
        lines[f"{kind.pattern} {kind.en} {kind.fr}"] += 10
    for source, target in examples:
        lines[source] += 1
        lines[target] += 1
    for _, en, fr in strings:
        lines[en] += 1
        lines[fr] += 1
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--strings", type=Path, help="strings.tsv of fetch")
    parser.add_argument("--names", type=Path, required=True, help="real names, one a line")
    parser.add_argument("--grammar", type=Path, help="name, en, fr rows that the grammar teacher wrote")
    parser.add_argument("--composed", type=int, default=300_000)
    parser.add_argument("--variants", type=int, default=24, help="of each seed row, itself included")
    parser.add_argument("--size", type=int, default=8192)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)

    lexicon, table = both_lexicons(), KindTable.load(CORPUS / "kinds.tsv")
    kinds = extensions(table)
    seeds, kept = seed_rows(CORPUS)
    proper = proper_names.load(CORPUS / "proper_names.tsv")
    words = glosses(lexicon, proper, seeds, set_right(CORPUS / "glosses.tsv"))
    glossary = Glossary.of_words(words | rare_kinds(table, (name for name, _, _ in seeds)))
    fuller = Glossary.of_words(words | told_kinds(table))
    glossary.store(args.out)
    making = composer(table, args.names, args.seed)
    composed = [making.example() for _ in range(args.composed)]
    strings = []
    if args.strings:
        strings = [tuple(line.split("\t")) for line in args.strings.read_text("utf-8").splitlines()]

    path = args.out / "tokenizer.json"
    if not path.exists():
        lines = tokenizer_text(
            both([*seeds, *seeds, *composed[:20_000]], glossary), strings[:40_000], lexicon, table
        )
        frequent = {table.of(n).pattern for n, _, _ in seeds}
        common = [k.pattern for k in kinds if k.pattern in frequent and not re.search(r"[0-9]", k.pattern)]
        tokens.train(lines, args.size, (*PREFIXES, *common)).save(str(path))
    tokenizer = Tokenizer.from_file(str(path))
    shard(tokenizer, both(composed, glossary, fuller)).save(args.out / "composed.npz")
    rng = random.Random(args.seed)
    drawn = pools(lexicon, args.names, seeds)
    varied = [v for row in seeds for v in variants(row, args.variants, table, drawn, rng)]
    shard(tokenizer, both(varied, glossary, fuller)).save(args.out / "seeds.npz")
    shard(tokenizer, both(seeds, glossary, fuller)).save(args.out / "written.npz")
    with_dates = [made for row in seeds if (made := dated(row, table, rng))]
    shard(tokenizer, both(with_dates, glossary, fuller)).save(args.out / "dated.npz")
    if strings:
        shard(tokenizer, translations(strings, kinds, glossary)).save(args.out / "strings.npz")
    if args.grammar:
        shard(tokenizer, both(read_rows(args.grammar), glossary)).save(args.out / "grammar.npz")
    kept.sort(key=lambda row: hashlib.sha1(row[0].encode()).hexdigest())
    held = [
        {
            "name": n,
            "lang": lang,
            "source": source_text(n, lang, glossary),
            "target": {"en": en, "fr": fr}[lang],
        }
        for n, en, fr in kept
        for lang in LANGUAGES
    ]
    (args.out / "held_out.json").write_text(json.dumps(held, ensure_ascii=False, indent=0), encoding="utf-8")
    print(f"{len(composed)} composed, {len(seeds)} seeds, {len(kept)} held out, {len(strings)} strings")


if __name__ == "__main__":
    main()
