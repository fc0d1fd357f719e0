"""What a run and a judging share: which request goes next, how its end is taken in, when nothing more may be sent.

No network here: drive.py sends the requests one by one, batch.py as batches.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager

from datagen import parse
from datagen.asks import Ask, Request
from datagen.budget import Budget
from datagen.ledger import Ledger
from datagen.queue import Queue
from datagen.teacher import Dialect, Refused, Reply, Result, Unanswered, Unsupported
from nomenclair.errors import UserError

# Requests in a row without an answer, each with all its tries, after which the endpoint is held to be gone.
SILENT = 8
# Requests refused before any is answered: the fault is in all of them.
REFUSED_AT_START = 3


class Driven(ABC):
    """Gives requests and takes in their ends, until it has none left or something stops it."""

    def __init__(self, queue: Queue, ledger: Ledger, budget: Budget, dialect: Dialect, known: bool):
        """`known` tells that this was answered before: then refusals are of their names, not of everything."""
        self.queue, self.dialect = queue, dialect
        self._ledger, self._budget = ledger, budget
        self._known = known
        self._heard = False
        self._silent = 0
        self._refused_at_start = 0
        # What the last refusal or silence said.
        self._why = ""
        self._stop: UserError | None = None

    @abstractmethod
    def finish(self) -> None:
        """Raise why it ended early: PartialResult where something was done, UserError where nothing was."""

    @abstractmethod
    def tell(self) -> None:
        """Show how far it is."""

    @abstractmethod
    def _request(self, asks: Sequence[Ask]) -> Request: ...

    @abstractmethod
    def _all_refused(self) -> UserError: ...

    @abstractmethod
    def _gone(self) -> UserError: ...

    @abstractmethod
    def _replied(self, request: Request, reply: Reply, answer: parse.Answer) -> None: ...

    @abstractmethod
    def _refused(self, asks: Sequence[Ask], refused: Refused) -> None: ...

    @abstractmethod
    def _went_unanswered(self, asks: Sequence[Ask], last: Unanswered) -> None: ...

    @property
    def stopped(self) -> UserError | None:
        """Why nothing more is to be sent, if so."""
        return self._stop

    def stop(self, why: UserError) -> None:
        """The first reason counts."""
        self._stop = self._stop or why

    @property
    def waits(self) -> bool:
        """Under a cap, the first reply is waited for before more is sent one by one."""
        return self._budget.waits_for_first_reply

    def most_tokens(self, request: Request) -> int:
        return self._budget.bound(request.size).total

    def together(self) -> AbstractContextManager[None]:
        """What lands inside is written to the disk at once."""
        return self._ledger.together()

    def next_request(self, in_flight: int) -> Request | None:
        """The next request, its cost set aside; None where none may be sent now."""
        if self._stop is not None:
            return None
        if not (self._heard or self._known) and self._refused_at_start >= REFUSED_AT_START:
            if not in_flight:  # one that is may still be answered
                self.stop(self._all_refused())
            return None
        asks = self.queue.take()
        if not asks:
            return None
        request = self._request(asks)
        try:
            self._ledger.need_room()
            if not self._budget.afford(request.key, request.size, in_flight):
                self.queue.put_back(asks)
                return None
        except UserError as stop:
            self.stop(stop)
            return None
        return request

    def land(self, request: Request, result: Result, others_answered: bool) -> None:
        """Take in how a request ended. Whatever happens here, the other requests in flight are not lost.

        `others_answered` tells whether the endpoint answered anything since this one was sent.
        """
        answer = parse.read_answer(result.raw) if isinstance(result, Reply) else None
        if answer:
            self._budget.settle(request.key, answer.usage)
        else:
            self._budget.release(request.key)
        asks = self._own(request)
        try:
            if isinstance(result, Reply):
                self._silent, self._heard = 0, True
                self._replied(request, result, answer)
            elif isinstance(result, Unsupported):
                self._adapt(result.dialect)
                self.queue.put_back(asks)
            elif isinstance(result, Refused):
                self._why = f"{result.reason}: {result.raw.strip()}"
                if asks and result.reason == "bad-request" and not self._heard:
                    self._refused_at_start += 1
                self._refused(asks, result)
            elif isinstance(result, UserError):
                self.stop(result)
            elif isinstance(result, Unanswered) and self._stop is None:
                self._silent = 0 if others_answered else self._silent + 1
                self._why = f"{result.code}: {result.message.strip()}"
                self._went_unanswered(asks, result)
                if self._silent >= SILENT or (self._silent and not self._heard):
                    raise self._gone()
        except UserError as stop:
            self.stop(stop)
        self.tell()

    def _own(self, request: Request) -> list[Ask]:
        return list(request.by_id.values())

    def _adapt(self, dialect: Dialect) -> None:
        self.dialect = dialect
