"""The Node example without Python: the same source texts, token ids, texts and scores as nomenclair.Student."""

import json
import os
import re
import shutil
import subprocess

import pytest
from tokenizers import Tokenizer

from datagen.corpus import FOLDER, gold, seed_pairs
from nomenclair import SHIPPED, Student, guard, names, opaque
from nomenclair.contract import BEAMS, CONTRACT_VERSION, MAX_SOURCE_TOKENS, source_text
from nomenclair.glossary import Glossary
from nomenclair.kinds import UNKNOWN
from nomenclair.student import write_words
from nomenclair.workspace import REPOSITORY, read_json, write_json
from train import bases
from train.calibrate import NEVER
from train.quantise import FP32, write_graph

NAMES = [item.name for item in gold()[::6]] + [
    "日本 été 📷 {}.txt", "ÆrøŒuvre.PDF", "IMG_0042.JPG", "archive.tar.gz", "libz.so.1.2", "ls.1", "Dockerfile.alpine",
    "9DC08797A0F63F7C.pem", "Facture(2).pdf", "x" * 250 + ".pdf", ".gitignore", "",
    "demande de carte grise.pdf", "driver's_license_copy.png", "mise en demeure loyer.docx",
    "contract_sarah_johnson.pdf", "Jess & Omar wedding.mp4", "CVMarieDupont.pdf", "id_rsa.pub", "rapport 1 mai.pdf",
    "releve_compte_1234_2024_02.pdf", "event_hooks.cpython-312.opt-1.pyc", "epoll_wait.2.gz", "Net::DNS.3pm.gz",
    "PXL_20240501_081544123.jpg", "DJI_20240611174022_0007_D.MP4", "L1004417.dng", "404.html", "20231301.log",
    "elf_i386.qzv", "messages.fr", "IMG_0042.qzv", "Doc 2024-01-02 10_11.pdf", "a_2024-01-02_10h11.mp3",
    "S01E03.mkv", "Friends.S03E07.720p.WEBRip.mp4",
]  # fmt: skip
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (shutil.which("node") and shutil.which("npm")), reason="needs Node and npm"),
]


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The example's folder with what npm installs into it (300 MB: ONNX Runtime for every platform)."""
    folder = tmp_path_factory.mktemp("node") / "example"
    shutil.copytree(REPOSITORY / "examples" / "onnxruntime-node", folder)
    # The scripts would fetch CUDA; the processor's library is in the package.
    done = subprocess.run(
        ["npm", "install", "--ignore-scripts", "--no-audit"], cwd=folder, capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"npm cannot install: {done.stderr.splitlines()[-1:]}")
    return folder


def node(example, code, *args):
    """What a module prints as JSON; its arguments are `args`."""
    (example / "test.mjs").write_text(f"const args = process.argv.slice(2);\n{code}", encoding="utf-8")
    (example / "names.json").write_text(json.dumps(NAMES), encoding="utf-8")
    done = subprocess.run(["node", "test.mjs", *map(str, args)], cwd=example, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_source_texts(example, lang):
    found = node(
        example,
        """import { readFileSync } from "node:fs";
        import { sourceText } from "./contract.mjs";
        const names = JSON.parse(readFileSync("names.json"));
        console.log(JSON.stringify(names.map((name) => sourceText(name, args[0]))));""",
        lang,
    )
    assert found == [source_text(name, lang) for name in NAMES]


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    """The example's own modules beside empty packages: their rules need none."""
    folder = tmp_path_factory.mktemp("node") / "modules"
    shutil.copytree(
        REPOSITORY / "examples" / "onnxruntime-node", folder, ignore=shutil.ignore_patterns("node_modules")
    )
    for package, code in (("onnxruntime-node", ""), ("@huggingface/tokenizers", "export class Tokenizer {}")):
        place = folder / "node_modules" / package
        place.mkdir(parents=True)
        (place / "package.json").write_text('{"type": "module", "exports": "./index.mjs"}')
        (place / "index.mjs").write_text(code)
    return folder


ODD = [
    pytest.param("ﬁchier_ﬄ.pdf", id="ligatures"),
    pytest.param("STRAẞE straße.pdf", id="both sharp s"),
    pytest.param("ΑΣ ας.pdf", id="three sigmas"),
    pytest.param("İSTANBUL ılık.pdf", id="Turkish i with and without its dot"),
    pytest.param("Ǆ ǅ ŉ ſ µ ᾳ.pdf", id="other letters of many"),
    pytest.param("पत्र हिन्दी.pdf", id="marks that combine, and marks that do not"),
    pytest.param("²été.pdf", id="a raised number before letters"),
    pytest.param("x².1", id="a raised number before a manual's section"),
    pytest.param("x.pdf\n", id="a line break at the end"),
    pytest.param("a.cpython-312\n.pyc", id="a line break behind the interpreter"),
    pytest.param("20230231.pdf", id="a day that is none"),
    pytest.param("s01.E03.pdf", id="an episode"),
    pytest.param("20240229_101112.pdf", id="a leap year's day"),
    pytest.param("VID_20240229_1011.pdf", id="a clock without seconds"),
    pytest.param("20240229_2023.pdf", id="a year behind a day"),
    pytest.param("#2024#01 02.pdf", id="a mark of a hash inside a day"),
    pytest.param("serrure " * 4000 + ".stl", id="more words than fit"),
]


@pytest.mark.parametrize("name", ODD)
def test_the_same_rules(modules, name):
    found = node(
        modules,
        """import { fold, isOpaque, sourceText, splitExt } from "./contract.mjs";
        import { counted, episode } from "./opaque.mjs";
        const name = JSON.parse(args[0]), [stem, ext] = splitExt(name);
        const rule = (lang) => counted(stem, "X", lang) ?? episode(stem, "X", lang) ?? null;
        const told = ["fr", "en"].map((lang) => [sourceText(name, lang), rule(lang)]);
        console.log(JSON.stringify([stem, ext, fold(name), isOpaque(name), ...told]));""",
        json.dumps(name),
    )
    stem, ext = names.split_ext(name)
    told = [
        [source_text(name, lang), opaque.told(stem, "X", lang) or opaque.episode(stem, "X", lang)]
        for lang in ("fr", "en")
    ]
    assert found == [stem, ext, names.fold(name), names.is_opaque(name), *told]


@pytest.mark.parametrize(
    ("before", "run", "times"),
    [
        pytest.param("e", "\u0301\u0327", 20, id="a name that a disk can hold"),
        pytest.param("e", "\u0301\u0327", 500, id="a long run of marks of two classes"),
        pytest.param("\u0f40", "\u0f73", 500, id="a long run of marks that are two each"),
        pytest.param("", "\u0345\u1e69\u034f\uac01\ufb2c\u0323", 300, id="letters with marks between marks"),
        pytest.param("\ud83d", "e\u0301\U0001d15e", 200, id="half an emoji, and notes of music"),
    ],
)
def test_the_same_composition(modules, before, run, times):
    found = node(
        modules,
        """import { readable } from "./contract.mjs";
        const [before, run, times] = JSON.parse(args[0]);
        console.log(JSON.stringify(readable(before + run.repeat(times))));""",
        json.dumps([before, run, times]),
    )
    assert found == names.readable(before + run * times)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("File ⅷⅷⅷⅷ", "word ⅷⅷⅷⅷ", id="a word of Roman numerals"),
        pytest.param("File ½½½½ ½½½½", "twice ½½½½", id="a word of fractions, twice"),
        pytest.param("File 𝒳𝒴", None, id="two letters of two units each"),
        pytest.param("File ﬁle", "twice file", id="a ligature"),
        pytest.param("File straẞe", "word straẞe", id="a capital sharp s"),
    ],
)
def test_the_same_faults(modules, text, fault):
    kind = {"pattern": UNKNOWN.pattern, "en": UNKNOWN.en, "fr": UNKNOWN.fr, "marks": UNKNOWN.marks}
    code = """import { faulty } from "./guard.mjs";
        const [name, text, words, kind] = JSON.parse(args[0]);
        console.log(JSON.stringify(faulty(name, text, new Set(words), kind, "")));"""
    words = ["file"]
    assert guard.fault("report", text, words, UNKNOWN) == fault
    assert node(modules, code, json.dumps(["report", text, words, kind])) == (fault is not None)


def test_the_program_through_a_link(modules, tmp_path):
    os.symlink(modules / "student.mjs", tmp_path / "link.mjs")
    done = subprocess.run(
        ["node", tmp_path / "link.mjs", "/nowhere", "fr", "a.pdf"], capture_output=True, text=True
    )
    assert done.returncode and "/nowhere/student.json" in done.stderr


def test_a_module_of_a_program_without_a_path(modules):
    code = 'import "./student.mjs"; console.log("loaded");'
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", code], cwd=modules, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "loaded\n"), done.stderr


DESCRIBE = """import { readFileSync } from "node:fs";
import { Student } from "./student.mjs";
const student = await Student.load(args[0]);
console.log(JSON.stringify(await student.describe(JSON.parse(readFileSync("names.json")), args[1])));"""


@pytest.fixture(scope="module")
def outspoken_folder(tmp_path_factory):
    """The embedded base as a student that never abstains: it writes words, and its tokenizer has what tokenizers
    can have: a normaliser, its own splitting, byte fallback."""
    folder = tmp_path_factory.mktemp("outspoken") / "student"
    folder.mkdir()
    model = bases.load_model(str(bases.EMBEDDED), bases.load_tokenizer(str(bases.EMBEDDED), ()), 0)
    weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    write_graph(model, weights, FP32, folder, beams=BEAMS)
    shutil.copy(bases.EMBEDDED / "tokenizer.json", folder)
    Glossary.load(bases.EMBEDDED).store(folder)
    shutil.copy(FOLDER / "kinds.tsv", folder)
    pairs = seed_pairs()
    write_words(folder, {lang: [pair.text(lang) for pair in pairs] for lang in ("fr", "en")})
    never = {"fr": NEVER, "en": NEVER}
    write_json(
        folder / "student.json",
        {"contract": CONTRACT_VERSION, "languages": ["fr", "en"], "abstain_below": never},
    )
    return folder


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_texts_and_scores(example, outspoken_folder, lang):
    ours = Student.load(outspoken_folder).describe_scored([(name, lang) for name in NAMES])
    theirs = node(example, DESCRIBE, outspoken_folder, lang)
    tokenizer = Tokenizer.from_file(str(outspoken_folder / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_SOURCE_TOKENS)
    glossary = Glossary.load(outspoken_folder)
    assert [row["ids"] for row in theirs] == [
        tokenizer.encode(source_text(name, lang, glossary)).ids for name in NAMES
    ]
    assert [row["text"] for row in theirs] == [d.text for d in ours]
    assert [row["score"] for row in theirs] == pytest.approx([d.score for d in ours], abs=1e-4)


def without_bytes(tokenizer):
    """As T5's and Flan-T5's."""
    for piece in tokenizer["model"]["vocab"]:
        piece[0] = re.sub("^<(0x..)>$", r"{\1}", piece[0])


def special(tokenizer, content, at):
    """Give the vocabulary a token at this id; those behind it move."""
    tokenizer["model"]["vocab"].insert(at, [content, 0.0])
    tokenizer["model"]["unk_id"] += at <= tokenizer["model"]["unk_id"]
    for token in tokenizer["added_tokens"]:
        token["id"] += at <= token["id"]
    tokenizer["added_tokens"].append(tokenizer["added_tokens"][0] | {"id": at, "content": content})


def around(tokenizer, before, behind):
    """Put these tokens before and behind a text."""
    ids = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    tokens = [{"SpecialToken": {"id": content, "type_id": 0}} for content in (*before, *behind)]
    tokens.insert(len(before), {"Sequence": {"id": "A", "type_id": 0}})
    tokenizer["post_processor"] |= {
        "single": tokens,
        "special_tokens": {
            content: {"id": content, "ids": [ids[content]], "tokens": [content]}
            for content in (*before, *behind)
        },
    }


def as_barts(tokenizer):
    special(tokenizer, "<s>", 0)
    around(tokenizer, ["<s>"], ["</s>"])


def as_mbarts(tokenizer):
    without_bytes(tokenizer)
    special(tokenizer, "en_XX", len(tokenizer["model"]["vocab"]))
    around(tokenizer, [], ["</s>", "en_XX"])


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(without_bytes, id="no pieces of bytes"),
        pytest.param(as_barts, id="an end that is not 1"),
        pytest.param(as_mbarts, id="a language behind the end"),
    ],
)
def test_the_tokens_of_other_bases(example, tmp_path, change):
    card = read_json(SHIPPED / "tokenizer.json")
    change(card)
    write_json(tmp_path / "tokenizer.json", card)
    sources = [f"en: {text}" for text in ("日本 été 📷📷 x.txt", "1234567890 " * 9, "1234567890" * 9 + " 日")]
    found = node(
        example,
        """import { readFileSync } from "node:fs";
        import { Tokenizer } from "@huggingface/tokenizers";
        import { Student } from "./student.mjs";
        const tokenizer = new Tokenizer(JSON.parse(readFileSync(args[0])), { unk_token: "<unk>" });
        const student = Object.assign(new Student(), { tokenizer, card: {} });
        console.log(JSON.stringify(JSON.parse(args[1]).map((text) => student.encode(text))));""",
        tmp_path / "tokenizer.json",
        json.dumps(sources),
    )
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_SOURCE_TOKENS)
    assert found == [tokenizer.encode(source).ids for source in sources]
    assert [len(ids) == MAX_SOURCE_TOKENS for ids in found] == [False, True, True]


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_kind_under_the_threshold(example, outspoken_folder, lang):
    careful = outspoken_folder.with_name("careful")
    shutil.copytree(outspoken_folder, careful, dirs_exist_ok=True)
    card = read_json(careful / "student.json")
    write_json(careful / "student.json", card | {"abstain_below": {"fr": 0.5, "en": 0.5}})
    student = Student.load(careful)
    theirs = node(example, DESCRIBE, careful, lang)
    alone = [student.by_table(name, lang) or student.kind(name).text(lang) for name in NAMES]
    assert [row["text"] for row in theirs] == alone


def test_the_command_line(example, outspoken_folder):
    done = subprocess.run(
        ["node", "student.mjs", outspoken_folder, "fr", "été.pdf"],
        cwd=example, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert done.stdout == f"été.pdf\t{Student.load(outspoken_folder).describe(['été.pdf'], 'fr')[0]}\n"
