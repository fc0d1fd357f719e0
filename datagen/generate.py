"""Names × a teacher → ledger → pairs: everything that decides what is asked, and what a reply means.

Each reply is in the ledger before the next decision.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import asdict, dataclass, field, replace

from datagen import language, parse
from datagen.asks import Ask, Request, make_request
from datagen.budget import Budget
from datagen.cascade import carry_over
from datagen.driven import REFUSED_AT_START, Driven
from datagen.ledger import Ledger, Outcome, Usage
from datagen.privacy import Masked
from datagen.prompts import Prompt
from datagen.queue import FINAL, Queue, State, family
from datagen.spelling import dictionary
from datagen.teacher import Dialect, Refused, Reply, Unanswered
from nomenclair.errors import PartialResult, UserError
from nomenclair.kinds import KindTable
from nomenclair.records import NOT_ASKED, FileName, Pair, Rejected

# Requests that end without an answer while others get one, before a name waits for the next run.
UNANSWERED = 3


@dataclass(frozen=True, slots=True)
class Options:
    """`people` are names of persons to mask; `cascade` carries texts over to siblings of a name."""

    model: str
    per_request: int = 10
    samples: int = 1
    people: Sequence[str] = ()
    cascade: bool = True


@dataclass(slots=True)
class Progress:
    """What a run has done so far; `tell` of `Run` shows it."""

    names: int = 0
    done: int = 0
    requests: int = 0
    saved: Counter = field(default_factory=Counter)
    failures: Counter = field(default_factory=Counter)


class Run(Driven):
    """One run over the asks that the ledger does not answer yet: drive it once, then read `results`."""

    def __init__(
        self,
        asks: Sequence[Ask],
        prompt: Prompt,
        options: Options,
        ledger: Ledger,
        budget: Budget,
        tell: Callable[[Progress], None],
        elsewhere: Set[str] = frozenset(),
    ):
        """`elsewhere` are the items that are under way in a batch: they land, but are not sent again."""
        self.progress = Progress(names=len(asks))
        self._asks, self._prompt, self._options, self._tell = asks, prompt, options, tell
        self._items = {ask.item: ask for ask in asks}
        self.state = State(ledger.outcomes())
        self.answered_before = sum(self.state.settled(a.item) for a in asks)
        self.progress.done = self.answered_before
        self._unanswered: dict[str, Unanswered] = {}
        # Refusals before any answer: final only once it is known that not every request is refused.
        self._held: list[tuple[Ask, Outcome]] = []
        # How many names the endpoint has answered well in this run.
        self.answers = 0
        self._only_thinking = 0
        self._spoke = False
        todo = [a for a in asks if not self.state.settled(a.item) and a.item not in elsewhere]
        away = [a for a in asks if a.item in elsewhere]
        per_request = 1 if prompt.one_line else options.per_request
        answered = [a for a in asks if self.state.texts(a.item)]
        dialect = Dialect(**json.loads(ledger.get(f"dialect {options.model}", "{}")))
        queue = Queue(todo, self.state, per_request, options.cascade, away)
        super().__init__(queue, ledger, budget, dialect, known=bool(answered))
        if options.cascade:
            self._carry_from_before(answered)

    def _carry_from_before(self, answered: Sequence[Ask]) -> None:
        """Names that came new since the last run may follow from what was answered then."""
        by_family = {family(a): a for a in answered}
        for ask in self.queue.leaders():
            before = by_family.get(family(ask))
            if before is None or not self._carry(before, ask):
                self.queue.add([ask])
            if before is not None:
                self.queue.add(s for s in self.queue.siblings(ask) if not self._carry(before, s))

    def finish(self) -> None:
        if self._stop is None:
            # Told, but not kept: without an answer in this run, its key or its address may be what is refused.
            for _, outcome in self._held:
                self.state.add(outcome)
            return
        if self.progress.done in (self.answered_before, self.progress.names):
            raise self._stop
        left = self.progress.names - self.progress.done
        raise PartialResult(f"{self._stop.what} {left} answers are missing.", self._stop.cure)

    def next_request(self, in_flight: int) -> Request | None:
        request = super().next_request(in_flight)
        self.progress.requests += request is not None
        return request

    def _request(self, asks: Sequence[Ask]) -> Request:
        return make_request(asks, self._prompt, self._options.model, self.dialect)

    def _all_refused(self) -> UserError:
        return UserError(
            f"The endpoint refuses every request ({self._why}).",
            "Mend what it says (the model's name, most often), then run the same command again.",
        )

    def _gone(self) -> UserError:
        return UserError(
            f"The endpoint does not answer ({self._why}).",
            "Check that it runs and OPENAI_BASE_URL, then run the same command again to go on.",
        )

    def failed(self, key: str, code: str, message: str) -> None:
        """To be given to the Endpoint: a try that failed is counted and written down."""
        self.progress.failures[code] += 1
        if code in ("timeout", "reset", "no-completion"):
            self._budget.lost_try(key)
        try:
            self._ledger.record_failure(key, code, message)
        except UserError as stop:
            self.stop(stop)
        self.tell()

    def _own(self, request: Request) -> list[Ask]:
        return [ask for ask in super()._own(request) if ask.item in self._items]

    def answered(self, sample: int = 0) -> list[Ask]:
        """The asks of one sample that have texts."""
        return [a for a in self._asks if a.sample == sample and self.state.texts(a.item)]

    def hoped_for(self) -> list[Ask]:
        """The asks of the first sample that have texts, or may still get some."""
        asks = [a for a in self._asks if a.sample == 0]
        return [a for a in asks if self.state.texts(a.item) or not self.state.settled(a.item)]

    def answered_at_once(self) -> int:
        """How many names the first reply settled well."""
        return sum(not self.state.reasons(a.item) for a in self.answered())

    @property
    def model(self) -> str:
        return self._options.model

    def ask_of(self, item: str, name_id: str, sent: str) -> Ask:
        """The ask that an item stands for; one made up for names that are no longer among this run's."""
        ask = self._items.get(item) or Ask(item, replace(FileName.of(sent), id=name_id), Masked(sent))
        return replace(ask, reasons=self.state.reasons(item))

    def record_request(self, request: Request) -> None:
        self._ledger.record_request(
            request.key, "ask", self._options.model, self._prompt.version, json.dumps(request.body)
        )

    def tell(self) -> None:
        self._tell(self.progress)

    def _adapt(self, dialect: Dialect) -> None:
        if dialect != self.dialect:
            self._ledger.set(f"dialect {self._options.model}", json.dumps(asdict(dialect)))
        super()._adapt(dialect)

    def _replied(self, request: Request, reply: Reply, answer: parse.Answer) -> None:
        # Asked of the body, not of the prompt: a batch may have been made under another prompt than this run's.
        read = parse.parse_line if "stop" in request.body else parse.parse
        parsed = read(answer, {i: a.masked.text for i, a in request.by_id.items()}, swapped)
        outcomes = [_outcome(request.by_id[i], found) for i, found in parsed.items.items()]
        self.record_request(request)
        self._ledger.record_reply(request.key, reply.seconds, reply.raw, answer.usage or Usage(), outcomes)
        for ask, outcome in zip(request.by_id.values(), outcomes, strict=True):
            if ask.item in self._items:  # a batch may bring answers to names that are no longer here
                self._settle(ask, outcome)
        self._release_held()
        if self._own(request):
            self._hear(answer)

    def _hear(self, answer: parse.Answer) -> None:
        """UserError where the first replies hold no word at all: each of them was paid for in full."""
        if not parse.only_thinking(answer):
            self._spoke = True
            return
        self._only_thinking += 1
        if not self._spoke and self._only_thinking >= REFUSED_AT_START:
            raise UserError(
                f"{self.model} uses up its whole replies for thinking: none of them holds a text.",
                "Give a --model that answers without thinking (or turn its thinking off at the endpoint),"
                " then run the same command again.",
            )

    def _refused(self, asks: Sequence[Ask], refused: Refused) -> None:
        if len(asks) != 1:  # one of them may be the cause: each alone
            for ask in asks:
                self.queue.again(ask)
            return
        ask = asks[0]
        outcome = Outcome(
            ask.item, len(ask.reasons), ask.file.id, reason=refused.reason, raw=refused.raw, via=FINAL
        )
        if self._heard or refused.reason != "bad-request":
            self._record_refused([(ask, outcome)])
        else:
            self._held.append((ask, outcome))
            self.queue.add(self.queue.siblings(ask))

    def _record_refused(self, refused: Sequence[tuple[Ask, Outcome]]) -> None:
        self._ledger.record_outcomes([outcome for _, outcome in refused])
        for ask, outcome in refused:
            self._settle(ask, outcome)

    def _release_held(self) -> None:
        held, self._held = self._held, []
        if held:
            self._record_refused(held)

    def _went_unanswered(self, asks: Sequence[Ask], last: Unanswered) -> None:
        asks = [replace(ask, unanswered=ask.unanswered + 1) for ask in asks]
        gone = [ask for ask in asks if ask.unanswered >= UNANSWERED]
        self._unanswered.update({ask.item: last for ask in gone})
        for ask in asks:
            if ask.item in self._unanswered:
                self.queue.add(self.queue.siblings(ask))
            else:
                self.queue.later(ask)

    def _settle(self, ask: Ask, outcome: Outcome) -> None:
        """Take note of an outcome; ask again what failed, and free the siblings of what is settled."""
        self.state.add(outcome)
        if not self.state.settled(ask.item):
            self.queue.again(ask.after(outcome.reason))
            return
        self.progress.done += 1
        self.answers += not outcome.reason
        siblings = self.queue.siblings(ask)
        if outcome.reason:
            self.queue.add(siblings)
        else:
            self.queue.add(s for s in siblings if not self._carry(ask, s))

    def _carry(self, answered: Ask, sibling: Ask) -> bool:
        texts = self.state.texts(answered.item)
        carried = texts and carry_over(answered.masked.text, texts, sibling.masked.text)
        if not carried:
            return False
        found, via = carried
        outcome = Outcome(sibling.item, 0, sibling.file.id, found.en, found.fr, via=via)
        self._ledger.record_outcomes([outcome])
        self.state.add(outcome)
        self.progress.done += 1
        self.progress.saved[via] += 1
        return True

    def results(self, kinds: KindTable) -> Iterator[Pair | Rejected]:
        """One row per name, in the order of the names: what `pairs` and `pairs_rejected` hold."""
        for ask in self._asks:
            if ask.sample == 0:
                yield self._result(ask, kinds)

    def _result(self, ask: Ask, kinds: KindTable) -> Pair | Rejected:
        file, last = ask.file, self.state.last.get(ask.item)
        if last is not None and not last.reason:
            return Pair(
                file.id,
                file.name,
                ask.masked.restore(last.en),
                ask.masked.restore(last.fr),
                kinds.of(file.name).kind,
                self._options.model,
                self._prompt.version,
            )
        if last is not None:
            return Rejected(file.id, file.name, "generate", last.reason, last.raw)
        if ask.item in self._unanswered:
            lost = self._unanswered[ask.item]
            return Rejected(file.id, file.name, "generate", f"unanswered-{lost.code}", lost.message)
        return Rejected(file.id, file.name, "generate", NOT_ASKED, "")


def _outcome(ask: Ask, found: parse.Texts | parse.Fault) -> Outcome:
    attempt, file_id = len(ask.reasons), ask.file.id
    if isinstance(found, parse.Texts):
        return Outcome(ask.item, attempt, file_id, found.en, found.fr)
    return Outcome(ask.item, attempt, file_id, reason=found.reason, raw=found.raw)


def swapped(en: str, fr: str) -> bool:
    """Do the two texts stand in each other's place? Cheap evidence only: it is asked of every reply."""
    return _leaning(en) > 0 > _leaning(fr)


def _leaning(text: str) -> int:
    """Positive for French, negative for English: function words, dictionary words and accents."""
    words = [w.casefold() for w in language.WORD.findall(text)]
    french, english = dictionary("fr"), dictionary("en")
    function = {lang: known - language.SHARED for lang, known in language.FUNCTION_WORDS.items()}
    return sum(
        2 * ((w in function["fr"]) - (w in function["en"]))
        + (w in french)
        - (w in english)
        + bool(language.FRENCH_LETTER.search(w))
        for w in words
    )
