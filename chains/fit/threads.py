"""One BLAS thread for statistics: they are many small solves, where threads that wait for each other cost time.

The bytes of a result then do not depend on the number of cores either.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["one_thread"]

_limited = ContextVar("persona_db_one_thread", default=False)


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit BLAS to one thread: `@one_thread()` for calls of a function, `with one_thread():` for a block.

    It costs 2 ms, and nothing within another.
    """
    if _limited.get():
        yield
        return
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        _limited.set(True)
        try:
            yield
        finally:
            _limited.set(False)
