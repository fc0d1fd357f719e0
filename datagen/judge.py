"""Second opinions on pairs: a judging prompt, or a second answer of the same teacher. Both end as flags."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from datagen import parse
from datagen.asks import Ask, Request, request_key, short_ids
from datagen.budget import Budget, Size
from datagen.generate import REFUSED_AT_START, SILENT, UNANSWERED, Run
from datagen.ledger import Judgement, Ledger, Usage
from datagen.prices import bytes_of_messages, count_messages
from datagen.prompts import Prompt
from datagen.queue import Queue, State
from datagen.teacher import Body, Dialect, Refused, Reply, Result, Unanswered, Unsupported
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


class Judging:
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
        self.prompt, self._model, self._ledger = prompt, model, ledger
        self._budget, self._tell = budget, tell
        self._run = run
        judged = {j.item for j in ledger.judgements()}
        answered = run.answered()
        waiting = [a for a in answered if judgement_key(a, prompt.version, run) not in judged]
        self._queue = Queue(waiting, State(()), PER_REQUEST, cascade=False)
        self.total = len(waiting)
        self.done = 0
        self._stop: UserError | None = None
        self._silent = 0
        self._heard = False
        # This judge has marked pairs of this run before: then refusals are of their pairs.
        self._known = len(waiting) < len(answered)
        self._refused_at_start = 0
        # Why the last pair that was given up has no marks.
        self._why = ""
        self.dialect: Dialect = run.dialect

    @property
    def stopped(self) -> UserError | None:
        return self._stop

    @property
    def waits(self) -> bool:
        return self._budget.waits_for_first_reply

    def stop(self, why: UserError) -> None:
        self._stop = self._stop or why

    def together(self) -> AbstractContextManager[None]:
        return self._ledger.together()

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

    def most_tokens(self, request: Request) -> int:
        return self._budget.bound(request.size).total

    def next_request(self, in_flight: int) -> Request | None:
        if self._stop is not None or self._all_refused(in_flight):
            return None
        asks = self._queue.take()
        if not asks:
            return None
        told = [(ask, self._run.state.texts(ask.item)) for ask in asks]
        request = make_request(told, self.prompt, self._model, self.dialect)
        try:
            self._ledger.need_room()
            if not self._budget.afford(request.key, request.size, in_flight):
                self._queue.put_back(asks)
                return None
        except UserError as stop:
            self.stop(stop)
            return None
        return request

    def _all_refused(self, in_flight: int) -> bool:
        """As of a Run."""
        if self._heard or self._known or self._refused_at_start < REFUSED_AT_START:
            return False
        if not in_flight:
            self.stop(
                UserError(
                    f"The endpoint refuses every request of the judge ({self._why}).",
                    "Mend what it says, then run the same command again.",
                )
            )
        return True

    def land(self, request: Request, result: Result, others_answered: bool) -> None:
        answer = parse.read_answer(result.raw) if isinstance(result, Reply) else None
        if answer:
            self._budget.settle(request.key, answer.usage)
        else:
            self._budget.release(request.key)
        asks = list(request.by_id.values())
        try:
            if isinstance(result, Reply):
                self._replied(request, result, answer)
            elif isinstance(result, Unsupported):
                self.dialect = result.dialect
                self._queue.put_back(asks)
            elif isinstance(result, Refused):
                self._refused(asks, result)
            elif isinstance(result, UserError):
                self.stop(result)
            elif isinstance(result, Unanswered) and self._stop is None:
                self._went_unanswered(asks, result, others_answered)
        except UserError as stop:
            self.stop(stop)
        self._tell(self.done, self.total)

    def _replied(self, request: Request, reply: Reply, answer: parse.Answer) -> None:
        self._silent, self._heard = 0, True
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
        self._why = f"{refused.reason}: {refused.raw.strip()}"
        if refused.reason == "bad-request" and not self._heard:
            self._refused_at_start += 1
        if len(asks) > 1:  # one of them may be the cause
            self._each_alone(asks, refused.reason)

    def _each_alone(self, asks: Sequence[Ask], reason: str) -> None:
        for ask in asks:
            self._queue.again(ask.after(reason))  # what has a reason stays alone, also where it is put back

    def _went_unanswered(self, asks: Sequence[Ask], last: Unanswered, others_answered: bool) -> None:
        """The same patience as a Run has."""
        self._why = f"{last.code}: {last.message.strip()}"
        self._silent = 0 if others_answered else self._silent + 1
        if self._silent >= SILENT or (self._silent and not self._heard):
            raise UserError(
                f"The judge does not answer ({self._why}).",
                "Check that the endpoint runs, then run the same command again to go on.",
            )
        for ask in asks:
            if ask.unanswered + 1 < UNANSWERED:
                self._queue.later(replace(ask, unanswered=ask.unanswered + 1))

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
