"""Second opinions on pairs: a judging prompt, or a second answer of the same teacher. Both end as flags."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from datagen import parse
from datagen.asks import Ask, Request, request_key, short_ids
from datagen.budget import Budget, Size
from datagen.driven import Driven
from datagen.generate import UNANSWERED, Run
from datagen.ledger import Judgement, Ledger, Usage
from datagen.prices import bytes_of_messages, count_messages
from datagen.prompts import Prompt
from datagen.queue import Queue, State
from datagen.teacher import Body, Dialect, Refused, Reply, Unanswered
from nomenclair.errors import PartialResult, UserError
from nomenclair.records import PairFlag

MARKS = ("faithful", "french", "english", "agreement")
SCHEMA = {
    "type": "object",
    "properties": {
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "id": {"type": "string"},
                    **{mark: {"type": "integer"} for mark in MARKS},
                    "why": {"type": "string"},
                },
                "required": ["id", *MARKS, "why"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["items"],
    "additionalProperties": False,
}
PER_REQUEST = 10
REPLY_TOKENS_PER_PAIR = 80

# Stands in a preview for the texts that no reply has given yet.
UNKNOWN = parse.Texts("(the English text of the answer)", "(the French text of the answer)")

# A mark up to this is a flag.
BAD_MARK = 3
# Two answers for one name that share less than this (chrF, 0 to 100) are not sure of it.
AGREE = 45.0


class Judging(Driven):
    """Has every pair of a run judged once; to be driven as a Run is. A pair that stays unjudged gets no flag.

    Its end says how many those are.
    """

    def __init__(
        self,
        run: Run,
        prompt: Prompt,
        model: str,
        ledger: Ledger,
        budget: Budget,
        tell: Callable[[int, int], None],
    ):
        self.prompt, self._model, self._tell, self._run = prompt, model, tell, run
        judged = {j.item for j in ledger.judgements()}
        answered = run.answered()
        waiting = [a for a in answered if judgement_key(a, prompt.version, run) not in judged]
        self.total = len(waiting)
        self.done = 0
        queue = Queue(waiting, State(()), PER_REQUEST, cascade=False)
        super().__init__(queue, ledger, budget, run.dialect, known=len(waiting) < len(answered))

    def tell(self) -> None:
        self._tell(self.done, self.total)

    def finish(self) -> None:
        left = self.total - self.done  # only now is it known how many those in flight still brought
        if left and self._stop is None:
            self.stop(
                UserError(
                    f"The judge left some pairs out ({self._why}).",
                    "The pairs stand: run the same command again to ask for these once more,"
                    " or go on without their marks: nomenclair curate",
                )
            )
        if self._stop and left:
            raise PartialResult(f"{self._stop.what} {left} pairs are not judged.", self._stop.cure)
        if self._stop:
            raise self._stop

    def _request(self, asks: Sequence[Ask]) -> Request:
        told = [(ask, self._run.state.texts(ask.item)) for ask in asks]
        return make_request(told, self.prompt, self._model, self.dialect)

    def _all_refused(self) -> UserError:
        return UserError(
            f"The endpoint refuses every request of the judge ({self._why}).",
            "Mend what it says, then run the same command again.",
        )

    def _gone(self) -> UserError:
        return UserError(
            f"The judge does not answer ({self._why}).",
            "Check that the endpoint runs, then run the same command again to go on.",
        )

    def _replied(self, request: Request, reply: Reply, answer: parse.Answer) -> None:
        found = {j.item: j for j in self._judgements(answer, request)}
        body = json.dumps(request.body)
        self._ledger.record_request(request.key, "judge", self._model, self.prompt.version, body)
        usage = answer.usage or Usage()
        self._ledger.record_reply(
            request.key, reply.seconds, reply.raw, usage, judgements=list(found.values())
        )
        self.done += len(found)
        asks = request.by_id.values()
        missing = [a for a in asks if judgement_key(a, self.prompt.version, self._run) not in found]
        # One that thinks until its reply is full would do so alone too, where the reply is shorter.
        if len(asks) > 1 and not parse.only_thinking(answer):
            self._each_alone(missing, "missing")
        elif missing:
            self._why = "only-thinking" if parse.only_thinking(answer) else "a reply without marks"

    def _refused(self, asks: Sequence[Ask], refused: Refused) -> None:
        if len(asks) > 1:  # one of them may be the cause
            self._each_alone(asks, refused.reason)

    def _each_alone(self, asks: Sequence[Ask], reason: str) -> None:
        for ask in asks:
            self.queue.again(ask.after(reason))  # what has a reason stays alone, also where it is put back

    def _went_unanswered(self, asks: Sequence[Ask], last: Unanswered) -> None:
        for ask in asks:
            if ask.unanswered + 1 < UNANSWERED:
                self.queue.later(replace(ask, unanswered=ask.unanswered + 1))

    def _judgements(self, answer: parse.Answer, request: Request) -> Iterator[Judgement]:
        for entry in parse.entries(answer.content) or []:
            ask = request.by_id.get(str(entry.get("id")))
            marks = [_mark(entry.get(mark)) for mark in MARKS]
            if ask and all(marks):
                key = judgement_key(ask, self.prompt.version, self._run)
                yield Judgement(key, ask.file.id, *marks, parse.one_line(entry.get("why")))


def make_request(
    told: Sequence[tuple[Ask, parse.Texts]], prompt: Prompt, model: str, dialect: Dialect
) -> Request:
    """The request that has these names' texts judged. The names are masked, and the texts as they were replied."""
    by_id = dict(zip(short_ids([ask.file.id for ask, _ in told]), (ask for ask, _ in told), strict=True))
    items = [
        {"id": short, "name": ask.masked.text, "en": texts.en, "fr": texts.fr}
        for short, (ask, texts) in zip(by_id, told, strict=True)
    ]
    messages = prompt.messages(items)
    reply_tokens = 40 + REPLY_TOKENS_PER_PAIR * len(told)
    body = dialect.body(Body(model, messages, reply_tokens, 0.0, SCHEMA))
    size = Size(count_messages(messages), bytes_of_messages(messages), reply_tokens)
    return Request(request_key(body), body, by_id, size)


def requests_to_come(run: Run, prompt: Prompt, ledger: Ledger) -> list[Request]:
    """What a judge would be sent, as it stands now: UNKNOWN is in the place of texts that are still to come."""
    judged = {j.item for j in ledger.judgements()}
    told = [
        (ask, texts or UNKNOWN)
        for ask in run.hoped_for()
        if not (texts := run.state.texts(ask.item)) or judgement_key(ask, prompt.version, run) not in judged
    ]
    return [
        make_request(told[start : start + PER_REQUEST], prompt, run.model, run.dialect)
        for start in range(0, len(told), PER_REQUEST)
    ]


def _mark(value: object) -> int:
    """A mark from 1 to 5, also where it came as "5" or 5.0 (4.5 is a 4); 0 of anything else."""
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else 0.0
    except (ValueError, OverflowError):
        return 0
    return int(number) if 1 <= number <= 5 else 0


def judgement_key(ask: Ask, version: str, run: Run) -> str:
    """Another judging prompt (`version`), or other texts, are judged anew."""
    texts = run.state.texts(ask.item)
    return request_key({"item": ask.item, "judge": version, "en": texts.en, "fr": texts.fr})


def flags(run: Run, ledger: Ledger, judge: Prompt | None) -> Iterator[PairFlag]:
    """What the second opinions say of this run's pairs, for review.

    Marks that were paid for stand, also where this run has no judge (None) or his prompt has changed since.
    """
    judged = {j.item: j for j in ledger.judgements()}
    versions = [*([judge.version] if judge else []), *ledger.judge_prompts()]
    second = {a.file.id: a for a in run.answered(sample=1)}
    for ask in run.answered():
        keys = (judgement_key(ask, version, run) for version in versions)
        if found := next((judged[key] for key in keys if key in judged), None):
            for mark in MARKS:
                if getattr(found, mark) <= BAD_MARK:
                    yield PairFlag(
                        ask.file.id, f"judge-{mark}", f"{getattr(found, mark)} of 5. {found.why}".strip()
                    )
        if other := second.get(ask.file.id):
            yield from _disagreement(run, ask, other)


def _disagreement(run: Run, ask: Ask, other: Ask) -> Iterator[PairFlag]:
    from sacrebleu.metrics import CHRF

    chrf = CHRF()
    a, b = run.state.texts(ask.item), run.state.texts(other.item)
    for lang in ("en", "fr"):
        score = chrf.sentence_score(getattr(a, lang), [getattr(b, lang)]).score
        if score < AGREE:
            said = other.masked.restore(getattr(b, lang))
            yield PairFlag(ask.file.id, f"samples-{lang}", f"chrF {score:.0f} with a second answer: {said}")
