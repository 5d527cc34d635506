"""One loop a process, from any thread, and a new one after a fork."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from apps.freebsd.channel import loop
from apps.freebsd.channel.local import LocalChannel
from apps.freebsd.errors import Conflict, HostUnreachable


async def running_loop() -> int:
    return id(asyncio.get_running_loop())


def test_all_threads_share_one_loop() -> None:
    with ThreadPoolExecutor(4) as threads:
        loops = set(threads.map(lambda _: loop.run(running_loop()), range(20)))
    assert loops == {loop.run(running_loop())}


def test_the_local_agent_runs_on_it_too(tmp_path) -> None:
    script = tmp_path / "agent"
    script.write_text("#!/bin/sh\necho here\n")
    script.chmod(0o755)
    answer = loop.run(LocalChannel((str(script),)).request(("version",), timeout_s=5), timeout_s=10)
    assert answer.stdout == b"here\n"


def test_results_and_errors_come_back() -> None:
    async def fail() -> None:
        raise Conflict("held")

    async def work() -> int:
        return 42

    assert loop.run(work()) == 42
    with pytest.raises(Conflict, match="held"):
        loop.run(fail())


def test_what_takes_too_long_is_cancelled() -> None:
    cancelled = threading.Event()

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with pytest.raises(HostUnreachable, match=r"within 0\.05 seconds"):
        loop.run(wait(), timeout_s=0.05)
    assert cancelled.wait(5)


def test_a_time_out_of_the_work_itself_is_not_ours() -> None:
    async def fail() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        loop.run(fail(), timeout_s=5)


def test_waiting_for_oneself_is_refused() -> None:
    async def nested() -> None:
        loop.run(running_loop())

    with pytest.raises(RuntimeError, match="wait for itself"):
        loop.run(nested())


def test_a_forked_child_has_a_loop_of_its_own() -> None:
    loop.run(running_loop())
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        outcome = b"no"
        try:
            outcome = b"%d" % loop.run(_three(), timeout_s=5)
        finally:
            os.write(writer, outcome)
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        assert pipe.read() == b"3"
    os.waitpid(child, 0)


async def _three() -> int:
    await asyncio.sleep(0)
    return 3
