"""Work that is spread over processes, which are forks and so have all that there is without a copy."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from ptelist.errors import PtelistError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")


def spread(work: Callable[[int], T], numbers: Iterable[int], processes: int) -> Iterator[T]:
    """Yield what comes of each number, in their order, from one process where there are no forks.

    Raises PtelistError if a process is killed.
    """
    if "fork" not in multiprocessing.get_all_start_methods():
        yield from map(work, numbers)
        return
    gc.freeze()  # or the collector writes to pages that the processes share
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("fork"), _quiet)
    try:
        yield from pool.map(work, numbers)
    except BrokenProcessPool:
        raise PtelistError("a process was killed, perhaps for want of memory: try --processes 1") from None
    except BaseException:
        for process in multiprocessing.active_children():
            process.terminate()  # or it would be waited for
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        gc.unfreeze()  # this process goes on


def _quiet() -> None:
    """Leave Ctrl-C to the parent, and end with it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
    os._exit(1)
