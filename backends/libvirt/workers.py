"""The few threads of one connection.

Not a ThreadPoolExecutor: the interpreter waits for its threads at exit, and a thread that sits in a call to a hung
host may never come back.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")

Job = Callable[[], None]


class Workers:
    """Up to `count` daemon threads, started when they are needed."""

    def __init__(self, count: int, name: str) -> None:
        self._count = count
        self._name = name
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._pending = 0

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Have `work` done by the next free thread."""
        future: Future[T] = Future()

        def job() -> None:
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001  whatever it is, it is the caller's to handle
                future.set_exception(error)
            else:
                future.set_result(result)

        with self._lock:
            self._pending += 1
            if self._pending > self._threads < self._count:
                self._threads += 1
                threading.Thread(target=self._serve, name=self._name, daemon=True).start()
        self._jobs.put(job)
        return future

    def stop(self) -> None:
        """Let each thread end after the work that is already queued."""
        with self._lock:
            self._count = 0
            for _ in range(self._threads):
                self._jobs.put(None)

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            # A closure kept here until the next job would keep libvirt objects, and with them the connection, alive.
            del job
            with self._lock:
                self._pending -= 1
