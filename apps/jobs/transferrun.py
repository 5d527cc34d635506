"""One transfer: a large file brought to the job's host in pieces, and taken up where the host has it.

Two pieces are in memory at a time: one that goes to the host, and the next, which is read meanwhile. How far
it is, only the host that gets the file knows: a line that drops, a worker that is killed and a host that
restarts all end in the same question to it. What has come gets its name once its checksum is the source's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from time import monotonic

from django.db import transaction
from django.utils import timezone

from apps.freebsd.channel import loop
from apps.freebsd.channel.agent import Agent, RunEnd
from apps.freebsd.channel.large import Arrived, Piece
from apps.freebsd.commands import Transfer
from apps.freebsd.errors import CommandFailed, HostUnreachable, PanelError
from apps.jobs import steprun
from apps.jobs.events import publish
from apps.jobs.lease import Lease
from apps.jobs.models import Job, Step
from apps.jobs.output import store_output
from apps.jobs.services import announce
from apps.jobs.transfersource import Source, source_of

# How long a piece is at most, and how long the first is: each that arrives is followed by one of twice that
# length, and what failed by a short one, so that a slow line gets pieces that it can take.
PIECE_BYTES = 4 * 1024 * 1024
LEAST_PIECE_BYTES = 128 * 1024
# How often the percentage is stored, at most.
SHOW_S = 1.0
# A line of output for each of so many parts of the whole.
PARTS = 10

DONE = RunEnd(status=0, lost=False)
CHANGED = (
    "The file changed on its host while it was being copied, so what came is of no use. Ask for it again."
)


class _Elsewhere(Exception):
    """The host has another number of bytes than we thought: someone who was thought dead went on."""


class TransferRun:
    """Brings one file to the host, for the worker that holds the job.

    Args:
        lease: The worker's hold on the job.
        job: The job that the step is of.
        step: The step; `started_at` says whether what the host has of the file is ours.
        agent: The agent of the host that gets the file.
        transfer: Which file, from where.
    """

    def __init__(self, lease: Lease, job: Job, step: Step, agent: Agent, transfer: Transfer) -> None:
        self._lease, self._job, self._step, self._agent = lease, job, step, agent
        self._transfer = transfer
        self._who = steprun.one_word(job.requester_name), job.pk.hex[:12]
        self._piece_bytes = LEAST_PIECE_BYTES
        self._sum = _RunningSum()
        self._away_since: float | None = None
        self._asked_at = self._shown_at = float("-inf")

    def to_end(self) -> RunEnd:
        """Bring the file, from where the host has it already, and have the host give it its name.

        Returns:
            That it is done.

        Raises:
            LetGo: This worker was told to stop.
            HostAway: One of the two hosts does not answer in the middle; it goes on later.
            HostUnreachable: One of them was away from the beginning, or for a day.
            Cancelled: Someone asked for the job's end.
            PanelError: A host refuses, the disk is full, or the file is not what it should be.
            LeaseLost: Another worker holds the job by now.
        """
        with self._dropped_on_failure():
            while True:
                self._check_end()
                try:
                    return self._attempt()
                except _Elsewhere:
                    continue
                except HostUnreachable as error:
                    self._piece_bytes = LEAST_PIECE_BYTES
                    self._wait_or_give_up(error)

    @contextmanager
    def _dropped_on_failure(self) -> Iterator[None]:
        """Leave nothing half on a host, whose disk it may have filled; what waits or is let go of stays."""
        try:
            yield
        except PanelError:
            self._lease.renew()
            with suppress(PanelError):
                loop.run(self._agent.large.drop(self._transfer.path, *self._who))
            raise

    def _attempt(self) -> RunEnd:
        source = source_of(self._transfer)
        size = source.read(0, 0).size
        self._note_start() if self._step.started_at is None else self._note_return()
        arrived = self._push(0, b"")
        if not arrived.is_placed:
            self._say_where_it_goes_on(arrived.size, size)
            self._bring(source, arrived.size, size)
        return self._place(source, size)

    def _note_start(self) -> None:
        """What is there of an earlier transfer to the same name is of no use to this one."""
        steprun.end_given_up_runs(self._agent, self._job)
        loop.run(self._agent.large.drop(self._transfer.path, *self._who))
        with transaction.atomic():
            self._lease.renew()
            self._step.started_at = timezone.now()
            self._step.save(update_fields=["started_at"])
            announce(self._job)

    def _note_return(self) -> None:
        """Let the job's page say that the hosts are back, once both have answered."""
        if self._job.away_since is None:
            return
        loop.run(self._agent.version())
        with transaction.atomic():
            self._lease.update(away_since=None)
            announce(self._job)
        self._job.away_since = None

    def _say_where_it_goes_on(self, came: int, size: int) -> None:
        words = f"goes on at {_mb(came)} of {_mb(size)}" if came else f"{_mb(size)} from the beginning"
        self._say(f"{self._transfer.path}: {words}")

    def _bring(self, source: Source, came: int, size: int) -> None:
        if came > size:
            raise CommandFailed(CHANGED)
        self._sum.goes_on_at(came)
        piece = self._read(source, came, size)
        while came < size:
            self._check_end()
            pushing = loop.submit(self._agent.large.push(self._transfer.path, came, piece, *self._who))
            self._sum.sent(came, piece)
            try:
                following = self._read(source, came + len(piece), size)
                arrived = pushing.result()
            finally:
                pushing.cancel()
            self._note_piece(arrived, came, len(piece), size)
            came, piece = came + len(piece), following

    def _read(self, source: Source, offset: int, size: int) -> bytes:
        limit = min(self._piece_bytes, size - offset)
        if limit == 0:
            return b""
        piece: Piece = source.read(offset, limit)
        if piece.size != size or len(piece.data) != limit:
            raise CommandFailed(CHANGED)
        return piece.data

    def _note_piece(self, arrived: Arrived, came: int, sent: int, size: int) -> None:
        if arrived.is_placed or arrived.size != came + sent:
            raise _Elsewhere
        self._away_since = None
        self._piece_bytes = min(PIECE_BYTES, self._piece_bytes * 2)
        self._show(came, came + sent, size)

    def _push(self, offset: int, data: bytes) -> Arrived:
        return loop.run(self._agent.large.push(self._transfer.path, offset, data, *self._who))

    def _place(self, source: Source, size: int) -> RunEnd:
        """Compare with what the plan says, else with what was read here, else with what the source says."""
        checksum = self._transfer.sha256 or self._sum.of_all(size) or source.sha256()
        loop.run(self._agent.large.place(self._transfer.path, size, checksum, *self._who))
        self._say(f"{self._transfer.path}: {size} bytes, SHA-256 {checksum}")
        return DONE

    # -- what people see ---------------------------------------------------------------------------------

    def _show(self, before: int, came: int, size: int) -> None:
        """Store the percentage now and then, and say so in a line of output a few times."""
        percent = 100 * came // size
        if before * PARTS // size != came * PARTS // size:
            self._say(f"{_mb(came)} of {_mb(size)}, {percent} %")
        elif percent != self._step.percent and monotonic() - self._shown_at > SHOW_S:
            self._shown_at = monotonic()
            with transaction.atomic():
                self._lease.renew()
                Step.objects.filter(pk=self._step.pk).update(percent=percent)
                transaction.on_commit(partial(publish, f"job:{self._job.pk}", str(self._job.pk)))
            self._step.percent = percent

    def _say(self, line: str) -> None:
        store_output(self._lease, self._step, f"{line}\n".encode())

    # -- when it does not go on --------------------------------------------------------------------------

    def _check_end(self) -> None:
        if steprun.stopping.is_set():
            raise steprun.LetGo
        started_at, now = self._step.started_at, timezone.now()
        if started_at and now > started_at + timedelta(seconds=self._step.timeout_s):
            raise CommandFailed(f"It took longer than {self._step.timeout_s // 60} minutes and was ended.")
        if monotonic() - self._asked_at > steprun.CANCEL_POLL_S:
            self._asked_at = monotonic()
            if Job.objects.filter(pk=self._job.pk, cancel_requested_at__isnull=False).exists():
                raise steprun.Cancelled("It was cancelled; what had come of the file was thrown away.")

    def _wait_or_give_up(self, error: HostUnreachable) -> None:
        """Count the absence from when the last piece arrived; lines that only come and go are away, too."""
        now = monotonic()
        if self._away_since is None:
            self._away_since = now
        waited_s = now - self._away_since
        if self._step.started_at is None and waited_s > steprun.FIRST_PATIENCE_S:
            raise error
        if self._step.started_at and (self._job.away_since or waited_s > steprun.PATIENCE_S):
            self._leave_for_later(error)
        if steprun.stopping.wait(steprun.RETRY_S):
            raise steprun.LetGo

    def _leave_for_later(self, error: HostUnreachable) -> None:
        if steprun.has_given_up(self._job):
            raise error
        if self._job.away_since is None:
            self._say(f"The file waits for its hosts, and goes on where it was. {error.message}")
        raise steprun.HostAway from error


class _RunningSum:
    """The SHA-256 of what has gone over, as long as this worker saw all of it from the first byte on.

    Whether the piece before a dropped line arrived is not known until the host is asked: both sums are kept.
    """

    def __init__(self) -> None:
        self._at = {0: hashlib.sha256()}

    def goes_on_at(self, offset: int) -> None:
        """Note from where on pieces will come; nothing is known of it unless we were there."""
        self._at = {offset: self._at[offset]} if offset in self._at else {}
        if offset == 0:
            self._at = {0: hashlib.sha256()}

    def sent(self, offset: int, piece: bytes) -> None:
        """Take in the piece that begins at `offset`."""
        if offset in self._at:
            before = self._at[offset]
            after = before.copy()
            after.update(piece)
            self._at = {offset: before, offset + len(piece): after}

    def of_all(self, size: int) -> str:
        """Return the sum of the whole in hex, or nothing when we did not see the whole."""
        return self._at[size].hexdigest() if size in self._at else ""


def _mb(size: int) -> str:
    return f"{size / 1_000_000:,.1f} MB"
