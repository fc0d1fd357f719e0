"""What waits to be asked, and what the ledger already says of it. No network, no clock."""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence

from datagen.asks import Ask
from datagen.ledger import Outcome
from datagen.parse import Texts
from nomenclair import names

# A first ask and two more, each with what was wrong before.
ATTEMPTS = 3
# `via` of an answer that the endpoint will never give (HTTP 400): no further attempt in any run.
FINAL = "refused"


class State:
    """What the ledger says of asks: answered, given up, or how often tried.

    Also of those that are not this run's: a batch may bring the next attempt of one.
    """

    def __init__(self, outcomes: Iterable[Outcome]):
        self.last: dict[str, Outcome] = {}
        self._reasons: dict[str, list[str]] = defaultdict(list)
        for outcome in outcomes:
            self.add(outcome)

    def settled(self, item: str) -> bool:
        last = self.last.get(item)
        return last is not None and (
            not last.reason or last.via == FINAL or len(self._reasons[item]) >= ATTEMPTS
        )

    def reasons(self, item: str) -> tuple[str, ...]:
        return tuple(self._reasons[item])

    def texts(self, item: str) -> Texts | None:
        last = self.last.get(item)
        return Texts(last.en, last.fr) if last and not last.reason else None

    def add(self, outcome: Outcome) -> None:
        self.last[outcome.item] = outcome
        if outcome.reason:
            self._reasons[outcome.item].append(outcome.reason)


class Queue:
    """Asks that wait. One name per family goes first; its siblings follow once its answer is known."""

    def __init__(
        self,
        asks: Iterable[Ask],
        state: State,
        per_request: int,
        cascade: bool,
        elsewhere: Iterable[Ask] = (),
    ):
        """`elsewhere` are asks that are under way in a batch: their siblings wait for them."""
        self.per_request = per_request
        self._first: dict[int, deque[Ask]] = defaultdict(deque)
        self._alone: deque[Ask] = deque()
        self._late: deque[Ask] = deque()
        self._siblings: dict[tuple[int, str], deque[Ask]] = defaultdict(deque)
        self._leading: set[tuple[int, str]] = {family(ask) for ask in elsewhere}
        for ask in asks:
            reasons = state.reasons(ask.item)
            if reasons:
                self._alone.append(Ask(ask.item, ask.file, ask.masked, ask.sample, reasons))
            elif cascade and family(ask) in self._leading:
                self._siblings[family(ask)].append(ask)
            else:
                self._leading.add(family(ask))
                self._first[ask.sample].append(ask)

    def take(self) -> list[Ask]:
        """The asks of the next request: one asked again, or as many new ones as fit; [] when none waits."""
        if self._alone:
            return [self._alone.popleft()]
        for waiting in self._first.values():
            if waiting:
                return [waiting.popleft() for _ in range(min(self.per_request, len(waiting)))]
        return [self._late.popleft()] if self._late else []

    def put_back(self, asks: Sequence[Ask]) -> None:
        """What `take` gave and was not sent goes back to the head of its line."""
        for ask in reversed(asks):
            line = self._alone if ask.reasons or ask.unanswered else self._first[ask.sample]
            line.appendleft(ask)

    def again(self, ask: Ask) -> None:
        self._alone.append(ask)

    def later(self, ask: Ask) -> None:
        """After everything else: the endpoint did not answer, and may be calmer then."""
        self._late.append(ask)

    def siblings(self, ask: Ask) -> list[Ask]:
        """Give out the names that waited for this one's family."""
        return list(self._siblings.pop(family(ask), ()))

    def add(self, asks: Iterable[Ask]) -> None:
        for ask in asks:
            self._first[ask.sample].append(ask)

    def copy(self) -> "Queue":
        other = Queue((), State(()), self.per_request, True)
        other._first.update({sample: deque(asks) for sample, asks in self._first.items()})
        other._alone.extend(self._alone)
        other._late.extend(self._late)
        other._siblings.update({key: deque(asks) for key, asks in self._siblings.items()})
        return other

    def leaders(self) -> list[Ask]:
        """Take out all first asks that wait, without their siblings."""
        asks = [a for waiting in self._first.values() for a in waiting]
        self._first.clear()
        return asks

    def waves(self) -> tuple[list[list[Ask]], list[list[Ask]]]:
        """Requests for certain, and those for siblings, needed only where nothing can be carried over."""
        rest = self.copy()
        certain = list(iter(rest.take, []))
        rest.add(a for waiting in rest._siblings.values() for a in waiting)
        return certain, list(iter(rest.take, []))


def family(ask: Ask) -> tuple[int, str]:
    # Of the masked name: two names that differ only in what is hidden are one question.
    return ask.sample, names.family(ask.masked.text)
