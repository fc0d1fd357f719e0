"""Templates of ../prompts as request messages; a version is a name and a hash of all it renders from.

A template is a Jinja2 file with the blocks `system`, the same for every request of a run (prompt caches hit
on it), `user`, which holds the names, and perhaps `turns`: how many examples come before as a conversation, and
`reply`: "line" where the answer is not JSON but one line, English | French, for one name a request. Templates run
in Jinja's sandbox; a misspelt variable is an error.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from jinja2 import StrictUndefined, Template, TemplateError, Undefined
from jinja2.sandbox import SandboxedEnvironment

from nomenclair.errors import UserError
from nomenclair.kinds import KindTable
from nomenclair.workspace import REPOSITORY

FOLDER = REPOSITORY / "prompts"
KINDS = REPOSITORY / "corpus" / "kinds.tsv"
EXAMPLE_COLUMNS = ["name", "en", "fr"]
# What a template can raise while it is filled in: it is a small program, written by hand.
FAULTS = (TemplateError, TypeError, ValueError, LookupError, ArithmeticError, AttributeError)


@dataclass(frozen=True, slots=True)
class Example:
    name: str
    en: str
    fr: str


@dataclass(frozen=True)
class Prompt:
    """A template with its few-shot examples. `version` is name@hash, as stored in Pair.prompt."""

    name: str
    source: str
    examples: tuple[Example, ...]

    @cached_property
    def version(self) -> str:
        shots = [(e.name, e.en, e.fr) for e in self.examples]
        digest = hashlib.sha256(json.dumps([self.source, shots]).encode("utf-8"))
        return f"{self.name}@{digest.hexdigest()[:8]}"

    @cached_property
    def one_line(self) -> bool:
        """Is the answer one line, English | French, instead of JSON?"""
        return "reply" in self._template.blocks and self._block("reply", {}) == "line"

    @cached_property
    def system(self) -> str:
        return self._block("system", {"examples": self.examples})

    def user(self, items: Sequence[dict], complaints: Sequence[str] = ()) -> str:
        return self._block("user", {"items": list(items), "complaints": list(complaints)})

    def messages(self, items: Sequence[dict], complaints: Sequence[str] = ()) -> list[dict[str, str]]:
        """The whole conversation; everything but the last message is the same for every request."""
        return [*self.static, {"role": "user", "content": self.user(items, complaints)}]

    @cached_property
    def static(self) -> tuple[dict[str, str], ...]:
        """The system message, then as many examples as turns as the block `turns` says (if there is one)."""
        messages = [{"role": "system", "content": self.system}]
        for e in self.examples[: self._turns()]:
            key = hashlib.sha256(e.name.encode()).hexdigest()[:4]
            entry = {"items": [{"id": key, "en": e.en, "fr": e.fr}]}
            answer = f"{e.en} | {e.fr}" if self.one_line else json.dumps(entry, ensure_ascii=False)
            messages.append({"role": "user", "content": self.user([{"id": key, "name": e.name}])})
            messages.append({"role": "assistant", "content": answer})
        return tuple(messages)

    def _turns(self) -> int:
        told = self._block("turns", {}) if "turns" in self._template.blocks else "0"
        if not told.isdecimal():
            raise UserError(f"Prompt {self.name}: turns is {told!r}, no number.", "Write it in digits.")
        return int(told)

    @cached_property
    def _template(self) -> Template:
        try:
            return _environment().from_string(self.source)
        except TemplateError as error:
            raise UserError(f"Prompt {self.name}: {error}.", "Mend the template in prompts/.") from error

    def _block(self, block: str, context: dict) -> str:
        if block not in self._template.blocks:
            raise UserError(
                f"Prompt {self.name} has no block {block!r}.", "Give it a system and a user block."
            )
        try:
            return "".join(self._template.blocks[block](self._template.new_context(context))).strip()
        except FAULTS as error:
            raise UserError(f"Prompt {self.name}: {error}.", "Mend the template in prompts/.") from error


def load(name: str, folder: Path = FOLDER, examples: Path | None = None) -> Prompt:
    """Read `name`.j2 and the examples file beside it; UserError names the templates there are.

    `name` may also be the path of a template elsewhere.
    """
    path = Path(name) if name.endswith(".j2") else folder / f"{name}.j2"
    try:
        source = path.read_text(encoding="utf-8")
    except OSError as error:
        there = ", ".join(sorted(p.stem for p in folder.glob("*.j2"))) or "none"
        raise UserError(f"No prompt {name!r}: {path} cannot be read.", f"Templates: {there}.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8: {error}.", "Save it as UTF-8.") from error
    return Prompt(path.stem, source, read_examples(examples or folder / "examples.tsv"))


def read_examples(path: Path) -> tuple[Example, ...]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.", "Restore the file.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8: {error}.", "Save it as UTF-8.") from error
    rows = [line.split("\t") for line in lines if line]
    for number, row in enumerate(rows, 1):
        if len(row) != 3 or (number == 1 and row != EXAMPLE_COLUMNS):
            raise UserError(f"{path}, line {number}: not the three cells name, en, fr.", "Mend the line.")
    return tuple(Example(*row) for row in rows[1:])


def _environment() -> SandboxedEnvironment:
    environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    # Names go in as JSON strings: a quote, a newline or a brace in a name cannot end the string it stands in.
    environment.filters["json"] = _json
    environment.filters["kind"] = lambda name, lang: _kinds().of(name).text(lang)
    return environment


def _json(value: object) -> str:
    if isinstance(value, Undefined):
        str(value)  # raises with the variable's name, which json's own error lacks
    return json.dumps(value, ensure_ascii=False)


@cache
def _kinds() -> KindTable:
    return KindTable.load(KINDS)
