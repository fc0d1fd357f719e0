"""Names to requests, pure: under which key a name is asked, and what a request for some names looks like."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from datagen import parse, privacy
from datagen.budget import Size
from datagen.prices import bytes_of_messages, count_messages
from datagen.prompts import Prompt
from datagen.teacher import Body, Dialect
from nomenclair.records import FileName

# An entry of a reply is about 45 tokens; a model that needs more than this has gone astray.
REPLY_TOKENS_PER_NAME = 110
REPLY_TOKENS_BASE = 40
# A line without JSON: small models that go astray seldom find back, so they are stopped early.
REPLY_TOKENS_OF_LINE = 80


@dataclass(frozen=True, slots=True)
class Ask:
    """A name that needs texts. `item` is the ledger's key, `reasons` what was wrong with earlier replies."""

    item: str
    file: FileName
    masked: privacy.Masked
    sample: int = 0
    reasons: tuple[str, ...] = ()
    unanswered: int = 0

    def after(self, reason: str) -> "Ask":
        return replace(self, reasons=(*self.reasons, reason))


@dataclass(frozen=True, slots=True)
class Request:
    """One body on its way: `by_id` maps the ids in it to the names they stand for."""

    key: str
    body: dict
    by_id: dict[str, Ask]
    size: Size


def make_asks(
    files: Iterable[FileName], prompt: Prompt, model: str, samples: int, people: Sequence[str]
) -> Iterator[Ask]:
    """One ask per name and sample; its key changes with the model, the prompt and what is sent of it."""
    static = hashlib.sha256(json.dumps([model, prompt.messages([])]).encode()).hexdigest()
    for file in files:
        masked = privacy.mask(file.name, people)
        for sample in range(samples):
            key = hashlib.sha256(f"{static}\n{sample}\n{masked.text}".encode()).hexdigest()[:32]
            yield Ask(f"{file.id}-{key}", file, masked, sample)


def make_request(asks: Sequence[Ask], prompt: Prompt, model: str, dialect: Dialect) -> Request:
    """The request for these names: a first ask for several, or a second ask for one with what was wrong."""
    by_id = dict(zip(short_ids([a.file.id for a in asks]), asks, strict=True))
    messages = prompt.messages(
        [{"id": i, "name": a.masked.text} for i, a in by_id.items()], _complaints(asks)
    )
    reply_tokens = REPLY_TOKENS_BASE + REPLY_TOKENS_PER_NAME * len(asks)
    if prompt.one_line:
        reply_tokens = REPLY_TOKENS_OF_LINE
    # A second sample, or a second ask, must not get the first one's words again.
    warmth = 0.7 * min(1, asks[0].sample) + 0.2 * len(asks[0].reasons)
    body = dialect.body(
        Body(model, messages, reply_tokens, round(min(1.0, warmth), 2), one_line=prompt.one_line)
    )
    size = Size(count_messages(messages), bytes_of_messages(messages), reply_tokens)
    # Two names, samples or attempts may have one body, and are requests of their own all the same.
    asked = [[a.item, len(a.reasons)] for a in asks]
    return Request(request_key({**body, "asked": asked}), body, by_id, size)


def request_key(body: dict) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:32]


def _complaints(asks: Sequence[Ask]) -> list[str]:
    reasons = asks[0].reasons
    if not reasons:
        return []
    return [f"Attempt {len(reasons) + 1}. {parse.REASONS[reasons[-1]]}".strip()]


def short_ids(ids: Sequence[str]) -> list[str]:
    """The shortest hash ends (4 digits at least) that tell the names apart.

    Cheap, and a model that answers for a neighbour is caught, as it would not be with 1, 2, 3.
    """
    length = next(n for n in range(4, 17) if len({i[1 : n + 1] for i in ids}) == len(ids) or n == 16)
    return [i[1 : length + 1] for i in ids]
