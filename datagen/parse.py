"""Replies to texts: pure, and every part of a reply that cannot be used gets a reason code.

REASONS is the whole list of codes with the sentence that goes into the second ask.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import json_repair

from datagen.ledger import Usage
from datagen.privacy import PLACEHOLDER
from nomenclair import contract
from nomenclair.names import split_ext

# What a second ask says to the model about its first reply.
REASONS: Mapping[str, str] = {
    "empty-reply": "Your last reply was empty. Reply with the JSON object.",
    "not-json": "Your last reply was not JSON. Reply with the JSON object alone, no other text.",
    "not-a-line": "Your last reply was not one line: English label | French label.",
    "refusal": "This is only about labels for a file name on a disk. Give the two labels.",
    "content-filter": "This is only a file name on a disk. Give the two labels in neutral words.",
    "truncated": "Your last reply was cut off. Keep each label under 14 words.",
    "only-thinking": "Your last reply ended before its first word. Give the labels at once, without thinking first.",
    "missing": "Your last reply left this id out. Give its entry.",
    "foreign-id": "Your last reply used another id. Copy the id exactly.",
    "duplicate-id": "Your last reply gave this id twice with different labels. Give it once.",
    "empty-text": 'A label was empty. Fill both "en" and "fr".',
    "markdown": "A label held Markdown or a quotation mark. Write plain words.",
    "same-text": 'Both labels were the same. "en" must be English and "fr" must be French.',
    "swapped-languages": 'The languages were swapped. "en" is the English label, "fr" is the French one.',
    "echo": "A label only repeated the file name. Say in words what the file is.",
    "too-long": "A label was far too long. Use 3 to 14 words, at most 90 characters.",
    "placeholder": "A label held a placeholder that the name lacks. Keep words like EMAIL_1 unchanged.",
    "bad-request": "",
}

# Twice the style's limit: what is a little too long is for curate to judge, this is a reply gone wild.
WILD_CHARS = 2 * contract.MAX_CHARS
QUOTES = "\"'“”« »"
FENCE = re.compile(r"```[a-zA-Z]*\n?|```")
MARKDOWN = re.compile(r"\*\*|__|`|^\s*(?:[-*#>]|\d+\.)\s|\[[^\]]*\]\(")


@dataclass(frozen=True, slots=True)
class Texts:
    en: str
    fr: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a name has no texts in this reply; `raw` is the part of the reply that shows it."""

    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The parts of an endpoint's JSON that matter. `usage` is None where it does not count."""

    content: str
    finish: str
    refusal: str
    usage: Usage | None


@dataclass(frozen=True, slots=True)
class Parsed:
    """By asked id: texts or fault. `foreign` lists ids that nobody asked for."""

    items: Mapping[str, Texts | Fault]
    foreign: tuple[str, ...] = field(default=())


def is_completion(raw: str) -> bool:
    """Is this a chat completion at all: an object with choices?"""
    return bool(_completion(raw))


def _completion(raw: str) -> dict:
    try:
        body = _dict(json.loads(raw))
    except (ValueError, RecursionError):
        return {}
    choices = body.get("choices")
    return body if isinstance(choices, list) and choices else {}


def read_answer(raw: str) -> Answer:
    """Read a chat completion as it came over the wire; what is missing or garbled reads as empty or None."""
    body = _completion(raw)
    choice = _dict(body["choices"][0]) if body else {}
    message = _dict(choice.get("message"))
    return Answer(
        _str(message.get("content")),
        _str(choice.get("finish_reason")),
        _str(message.get("refusal")),
        _usage(_dict(body.get("usage"))),
    )


def _usage(told: dict) -> Usage | None:
    read, written = _count(told.get("prompt_tokens")), _count(told.get("completion_tokens"))
    if not read or written is None:  # no prompt is 0 tokens: the endpoint does not count
        return None
    cached = _count(_dict(told.get("prompt_tokens_details")).get("cached_tokens")) or 0
    total = _count(told.get("total_tokens")) or 0
    # Hidden thinking is billed as output, and some endpoints count it in the total alone.
    return Usage(read, min(cached, read), max(written, total - read))


def parse_line(answer: Answer, asked: Mapping[str, str], swapped: Callable[[str, str], bool]) -> Parsed:
    """`parse` for a prompt whose answer is one line, English | French, and which asks for one name."""
    (asked_id, name), *_ = asked.items()
    en, _, rest = next((line for line in answer.content.splitlines() if line.strip()), "").partition("|")
    fr, more, _ = rest.partition("|")  # some models go on: what follows is not theirs to say
    reason = _fault_of_whole(answer, [])
    if reason == "truncated" and more:
        reason = None
    if not reason and not rest:
        reason = "not-a-line"
    raw = answer.refusal or answer.content
    if reason:
        return Parsed({asked_id: Fault(reason, raw)})
    entry = {"en": one_line(en).strip(QUOTES), "fr": one_line(fr).strip(QUOTES)}
    read = _read_entry([entry], name, swapped)
    return Parsed({asked_id: Fault(read.reason, raw) if isinstance(read, Fault) else read})


def parse(answer: Answer, asked: Mapping[str, str], swapped: Callable[[str, str], bool]) -> Parsed:
    """Match a reply to the ids it was asked for.

    `asked` maps id to the name as it was sent. `swapped(en, fr)` tells whether the two texts stand in each
    other's place. Entries that are whole are kept even where the rest of the reply is not.
    """
    found_entries = entries(answer.content)
    whole = _fault_of_whole(answer, found_entries)
    by_id: dict[str, list[dict]] = {}
    for entry in found_entries or []:
        by_id.setdefault(_str(entry.get("id")).strip(), []).append(entry)
    foreign = tuple(i for i in by_id if i not in asked)
    items: dict[str, Texts | Fault] = {}
    for asked_id, name in asked.items():
        found = by_id.get(asked_id, [])
        if found:
            items[asked_id] = _read_entry(found, name, swapped)
        else:
            reason = whole or ("foreign-id" if foreign else "missing")
            items[asked_id] = Fault(reason, answer.refusal or answer.content)
    return Parsed(items, foreign)


def _fault_of_whole(answer: Answer, entries: list[dict] | None) -> str | None:
    if answer.refusal:
        return "refusal"
    if answer.finish == "content_filter":
        return "content-filter"
    if only_thinking(answer):
        return "only-thinking"
    if answer.finish == "length":
        return "truncated"
    if not answer.content.strip():
        return "empty-reply"
    return "not-json" if entries is None else None


def only_thinking(answer: Answer) -> bool:
    """Was the reply full before its first word, as happens with models that think first?"""
    return answer.finish == "length" and not answer.content.strip()


def entries(content: str) -> list[dict] | None:
    """The list of entries of a reply, whatever wrapped it; None where there is none."""
    text = FENCE.sub("", content).strip()
    if not text or not set("{[") & set(text):
        return None
    start = min(i for i in (text.find("{"), text.find("[")) if i >= 0)
    try:
        value, _ = json.JSONDecoder().raw_decode(text, start)  # what follows the object is talk
    except (ValueError, RecursionError):
        try:
            value = json_repair.loads(text[start:])
        except (ValueError, RecursionError):
            return None
        # The last entry of a reply that was cut is mended in the middle of a word: not to be trusted.
        return (_as_entries(value) or [])[: None if text[-1] in "]}" else -1]
    return _as_entries(value)


def _as_entries(value: object) -> list[dict] | None:
    """{"items": [...]}, a bare list, one bare entry, or a map of id to entry."""
    if isinstance(value, list):
        # json-repair gives a list of values where prose with brackets stands around the object
        nested = [
            inner for v in value if isinstance(v, dict) and "items" in v for inner in _as_entries(v) or []
        ]
        return nested or [v for v in value if isinstance(v, dict) and "id" in v] or None
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("items"), list):
        return [v for v in value["items"] if isinstance(v, dict)]
    if "id" in value:
        return [value]
    by_id = [{"id": key, **v} for key, v in value.items() if isinstance(v, dict)]
    return by_id or None


def _read_entry(found: list[dict], name: str, swapped: Callable[[str, str], bool]) -> Texts | Fault:
    raw = _str(json.dumps(found, ensure_ascii=False))
    texts = {(one_line(e.get("en")), one_line(e.get("fr"))) for e in found}
    if len(texts) > 1:
        return Fault("duplicate-id", raw)
    en, fr = texts.pop()
    reason = _fault_of_texts(en, fr, name)
    if not reason and swapped(en, fr):
        reason = "swapped-languages"
    return Fault(reason, raw) if reason else Texts(en, fr)


def _fault_of_texts(en: str, fr: str, name: str) -> str | None:
    if not en or not fr:
        return "empty-text"
    if any(MARKDOWN.search(t) or t[0] in "\"'«“" for t in (en, fr)):
        return "markdown"
    # A name in plain words without an extension (README, Makefile) may well be its own label.
    if split_ext(name)[1] and any(t.casefold() == name.casefold() for t in (en, fr)):
        return "echo"
    if en.casefold() == fr.casefold():
        return "same-text"
    if max(len(en), len(fr)) > WILD_CHARS:
        return "too-long"
    known = set(PLACEHOLDER.findall(name))
    if any(set(PLACEHOLDER.findall(t)) - known for t in (en, fr)):
        return "placeholder"
    return None


def one_line(value: object) -> str:
    """One line of text that can be stored: any run of white space is one space."""
    return " ".join(_str(value).split())


def _str(value: object) -> str:
    if isinstance(value, str):
        # Half of a surrogate pair can come out of a JSON escape; it could not be stored.
        return value.encode("utf-8", "replace").decode("utf-8")
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _count(value: object) -> int | None:
    """A number of tokens, also where it came as 12.0; None of anything else."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**53
    return int(value) if known else None


def _dict(value: object) -> dict:
    return value if isinstance(value, dict) else {}
