"""Storing what a step prints: in order, each byte once, at most every JOB_OUTPUT_FLUSH_S seconds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial

from django.db import transaction
from django.db.models import F

from apps.jobs.events import publish
from apps.jobs.lease import Lease
from apps.jobs.models import OutputChunk, Step

MAX_CHUNK_BYTES = 32 * 1024


class OutputBuffer:
    """Bytes on their way from the connection's loop to the worker's thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._data = bytearray()

    async def put(self, data: bytes) -> None:
        """Take bytes as they come from the host."""
        with self._lock:
            self._data += data

    def take(self, *, everything: bool) -> bytes:
        """Return what came, held back to the last whole UTF-8 character unless `everything` is asked for."""
        with self._lock:
            cut = len(self._data) if everything else whole_characters(self._data)
            taken = bytes(self._data[:cut])
            del self._data[:cut]
        return taken


def whole_characters(data: bytes | bytearray) -> int:
    """Return how many leading bytes of `data` do not end inside a UTF-8 character or a CR LF.

    A browser takes CR LF for one line end, but for two where it is cut through.
    """
    if data.endswith(b"\r"):
        return len(data) - 1
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        width = 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
        return len(data) if back >= width else len(data) - back
    return len(data)


def store_output(lease: Lease, step: Step, data: bytes) -> None:
    """Append bytes to a step's output and tell open pages.

    Raises:
        LeaseLost: Another worker holds the job by now.
    """
    if not data:
        return
    with transaction.atomic():
        lease.renew()
        offset = step.output_bytes
        for piece in _pieces(data):
            OutputChunk.objects.create(step=step, offset=offset, data=piece)
            offset += len(piece)
        Step.objects.filter(pk=step.pk).update(output_bytes=F("output_bytes") + len(data))
        transaction.on_commit(partial(publish, f"job:{lease.job_id}", str(lease.job_id)))
    step.output_bytes = offset


def _pieces(data: bytes) -> Iterator[bytes]:
    """Cut into chunks, none of which ends inside a UTF-8 character."""
    start = 0
    while len(data) - start > MAX_CHUNK_BYTES:
        end = start + whole_characters(data[start : start + MAX_CHUNK_BYTES])
        yield data[start:end]
        start = end
    yield data[start:]
