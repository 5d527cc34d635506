"""Telling a run that the panel reaches its host, over a connection made for just that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.freebsd.channel.answers import EX_NOINPUT, EX_TEMPFAIL, expect_success
from apps.freebsd.errors import Conflict, RequestRefused

if TYPE_CHECKING:
    from apps.freebsd.channel import Channel

_ANSWER_S = 10.0


async def confirm_and_close(channel: Channel, run_id: str, user: str, job: str) -> None:
    """Tell a run that waits for it that what it did stays.

    Args:
        channel: A way to its host that nothing has used yet; it is closed afterwards.
        run_id: Which run.
        user: Who asked, for the host's log.
        job: Which job, for the host's log.

    Raises:
        Conflict: The run waits for nothing, or has taken back what it did.
        RequestRefused: The host does not know the run.
        HostUnreachable: The host was not reached.
    """
    try:
        answer = await channel.request(("confirm", run_id, user, job), timeout_s=_ANSWER_S)
    finally:
        await channel.close()
    if answer.status == EX_TEMPFAIL:
        raise Conflict("The host does not wait for this, or no longer.")
    if answer.status == EX_NOINPUT:
        raise RequestRefused(f"The host does not know the run {run_id}.")
    expect_success(answer, "confirm")
