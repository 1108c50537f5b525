"""Places for processes, shared fairly: a free one goes to the run that has the fewest."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator


class Places:
    """So many processes at a time.

    Args:
        count: how many.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._held: Counter[int] = Counter()
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    @contextlib.asynccontextmanager
    async def one(self, run: int) -> AsyncIterator[None]:
        """Hold a place for a run; waits for it."""
        if self._free:
            self._free -= 1
        else:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((run, turn))
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._give_back()  # it was given and is not wanted any more
                else:
                    self._waiting.remove((run, turn))
                raise
        self._held[run] += 1
        try:
            yield
        finally:
            self._held[run] -= 1
            self._give_back()

    def _give_back(self) -> None:
        if not self._waiting:
            self._free += 1
            return
        place = min(range(len(self._waiting)), key=lambda i: (self._held[self._waiting[i][0]], i))
        _, turn = self._waiting.pop(place)
        turn.set_result(None)
