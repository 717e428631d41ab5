"""Draws pictures while the caller goes on."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

AHEAD = 8  # pictures that wait, at most


class Painter:
    """A thread that draws pictures and uses them, in order; errors are raised in the caller.

    At the end of its block all are drawn; after an error those that wait are not.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "painter")
        self._waiting: deque[Future[None]] = deque()

    def submit(self, paint: Callable[[], np.ndarray], *uses: Callable[[np.ndarray], None]) -> None:
        """Let a picture be drawn and used; wait if many are ahead of it.

        Raises:
            InvalidInput: what an earlier picture was used for has failed.
        """

        def work() -> None:
            picture = paint()
            for use in uses:
                use(picture)

        while self._waiting and (len(self._waiting) >= AHEAD or self._waiting[0].done()):
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(work))

    def __enter__(self) -> "Painter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        try:
            while kind is None and self._waiting:
                self._waiting.popleft().result()
        finally:
            self._pool.shutdown(cancel_futures=True)
