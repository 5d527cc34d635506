"""Storing what a step prints: in order, each byte once, at most every JOB_OUTPUT_FLUSH_S seconds.

Of each step the first JOB_OUTPUT_KEEP_BYTES are stored, and of what comes after them the newest TAIL_BYTES
at their true place; what lies between is on the host alone. A gap in the chunks' offsets tells where that is.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from functools import partial

from django.conf import settings
from django.db import transaction

from apps.jobs.events import publish
from apps.jobs.lease import Lease
from apps.jobs.models import OutputChunk, Step

MAX_CHUNK_BYTES = 32 * 1024
TAIL_BYTES = 64 * 1024
# More than this is not read from a host before some of it has been stored.
BUFFER_BYTES = 2 * 1024 * 1024
FULL_POLL_S = 0.01
PERCENT = re.compile(rb"(?<![\d.,])(100|\d{1,2})(?:[.,]\d{1,3})? ?%")
# How far back a percentage that was cut in two may begin.
PERCENT_BYTES = 9


class OutputBuffer:
    """Bytes on their way from the connection's loop to the worker's thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._data = bytearray()

    async def put(self, data: bytes) -> None:
        """Take bytes as they come from the host; while too many are here already, let the host wait."""
        with self._lock:
            self._data += data
        while len(self._data) > BUFFER_BYTES:  # noqa: ASYNC110  a thread takes them, not this loop
            await asyncio.sleep(FULL_POLL_S)

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
    """Append bytes to a step's output, as far as they are kept, and tell open pages.

    `output_bytes` counts all of them, so that whoever takes over follows from there.

    Raises:
        LeaseLost: Another worker holds the job by now.
    """
    if not data:
        return
    with transaction.atomic():
        lease.renew()
        begin, end = step.output_bytes, step.output_bytes + len(data)
        percent = _percent(step, data)
        _store(step, begin, data)
        Step.objects.filter(pk=step.pk).update(output_bytes=end, percent=percent)
        transaction.on_commit(partial(publish, f"job:{lease.job_id}", str(lease.job_id)))
    step.output_bytes, step.percent = end, percent


def _store(step: Step, begin: int, data: bytes) -> None:
    """Store what is kept of bytes that begin at `begin`."""
    limit = settings.JOB_OUTPUT_KEEP_BYTES
    head = _head(data, limit - begin)
    rest = data[len(head) :]
    tail = _tail(rest)
    end = begin + len(data)
    if rest:
        was_skipped = len(tail) < len(rest)
        _forget(step, limit, end - len(tail) if was_skipped else end - TAIL_BYTES - MAX_CHUNK_BYTES)
    pieces = [*_pieces(begin, head), *_pieces(end - len(tail), tail)]
    OutputChunk.objects.bulk_create(OutputChunk(step=step, offset=at, data=piece) for at, piece in pieces)


def _head(data: bytes, room: int) -> bytes:
    if room >= len(data):
        return data
    return data[: whole_characters(data[:room])] if room > 0 else b""


def _tail(data: bytes) -> bytes:
    """Return the last bytes, from a whole character on."""
    tail = data[-TAIL_BYTES:]
    if len(tail) == len(data):
        return data
    start = next((at for at in range(3) if tail[at] & 0xC0 != 0x80), 3)
    return tail[start:]


def _forget(step: Step, limit: int, before: int) -> None:
    """Take away the oldest of the newest: no chunk is longer than MAX_CHUNK_BYTES."""
    OutputChunk.objects.filter(step=step, offset__gte=limit, offset__lt=before).delete()


def _pieces(offset: int, data: bytes) -> Iterator[tuple[int, bytes]]:
    """Cut into chunks, none of which ends inside a UTF-8 character."""
    start = 0
    while start < len(data):
        end = start + MAX_CHUNK_BYTES
        if end < len(data):
            end = start + whole_characters(data[start:end])
        yield offset + start, data[start:end]
        start = end


def _percent(step: Step, data: bytes) -> int | None:
    """Return the last percentage that the tool has printed, also when it came in two pieces."""
    before = _last_bytes(step) if b"%" in data[:PERCENT_BYTES] else b""
    found = PERCENT.findall(before + data[-TAIL_BYTES:])
    return int(found[-1]) if found else step.percent


def _last_bytes(step: Step) -> bytes:
    """Return at least PERCENT_BYTES, if there are as many: no chunk is empty."""
    newest = OutputChunk.objects.filter(step=step).order_by("-offset")[:PERCENT_BYTES]
    return b"".join(bytes(chunk.data) for chunk in reversed(newest))
