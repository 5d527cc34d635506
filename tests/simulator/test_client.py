"""The little program at a tool's place passes everything on, quickly, and takes its call down with it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from pathlib import Path

import pytest

from apps.simulator.call import Call
from apps.simulator.faults import Rebooted
from apps.simulator.server import ToolServer, place
from apps.simulator.tools import registry
from tests.simulator.machines import PLAIN, make

TOOL = "/usr/sbin/jls"
DEADLINE_S = 20


async def say_everything(call: Call) -> int:
    await call.out(json.dumps([call.argv, call.cwd, call.stdin_tty, call.env.get("MARK")]))
    await call.err("complaint\n")
    return 300


async def repeat_input(call: Call) -> int:
    await call.out((await call.stdin()).decode())
    return 0


@pytest.fixture
def machine(tmp_path):
    return make(tmp_path, PLAIN)


def serve(machine, tool, scenario, monkeypatch):
    """Serve one machine whose jls is `tool`, while a scenario runs that is given its real path."""
    monkeypatch.setitem(registry.load(), TOOL, tool)

    async def whole():
        root = Path(machine.files.root)
        place(root, [TOOL])
        server = ToolServer(machine, machine.folder / "s")
        await server.start()
        try:
            async with asyncio.timeout(DEADLINE_S):
                result = await scenario(f"{root}{TOOL}")
                await server.idle()
                return result
        finally:
            await server.stop()

    return asyncio.run(whole())


def run(machine, tool, shell: str, monkeypatch):
    """Run shell text in which $T is the path of the served tool, and $R the tree's root."""

    async def scenario(program: str):
        env = {**os.environ, "T": program, "R": program.removesuffix(TOOL)}
        process = await asyncio.create_subprocess_exec(
            *("/bin/sh", "-c", shell),
            env=env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode, out.decode(), err.decode()

    return serve(machine, tool, scenario, monkeypatch)


def test_arguments_folder_environment_status_and_streams_are_passed_on(machine, monkeypatch):
    shell = "cd $R/usr/local && MARK=here $T 'a b' '' '\n'; echo $?"
    status, out, err = run(machine, say_everything, shell, monkeypatch)
    said, code = out[: out.rindex("]") + 1], out[out.rindex("]") + 1 :]
    assert json.loads(said) == [["jls", "a b", "", "\n"], "/usr/local", False, "here"]
    assert code == "44\n"
    assert (status, err) == (0, "complaint\n")


def test_a_folder_outside_of_the_tree_is_the_root(machine, monkeypatch):
    _status, out, _err = run(machine, say_everything, "cd /; $T", monkeypatch)
    assert json.loads(out)[1] == "/"


@pytest.mark.parametrize("call", ["cd $R/usr/sbin; ./jls", "cd $R/usr; sbin/jls", "PATH=$R/usr/sbin; jls"])
def test_it_is_found_by_any_path(machine, monkeypatch, call):
    _status, out, err = run(machine, say_everything, call, monkeypatch)
    assert json.loads(out)[0] == ["jls"], err


def test_input_is_read_to_its_end_when_the_tool_asks(machine, monkeypatch):
    status, out, _err = run(machine, repeat_input, "seq 100000 | $T | tail -1", monkeypatch)
    assert (status, out) == (0, "100000\n")


def test_input_is_left_alone_when_the_tool_does_not_ask(machine, monkeypatch):
    _status, out, _err = run(machine, say_everything, "echo next | { $T >/dev/null 2>&1; cat; }", monkeypatch)
    assert out == "next\n"


def test_closed_descriptors_do_no_harm(machine, monkeypatch):
    _status, out, _err = run(machine, repeat_input, "$T <&- ; echo $?; $T </dev/null >&- 2>&-", monkeypatch)
    assert out == "0\n"


def test_a_reader_that_goes_ends_it_by_sigpipe(machine, monkeypatch):
    shell = "{ seq 200000 | $T; echo $? >&2; } | head -1"
    _status, out, err = run(machine, repeat_input, shell, monkeypatch)
    assert (out, err) == ("1\n", "141\n")


def test_a_killed_client_cancels_its_call(machine, monkeypatch):
    ended = []

    async def wait_for_ever(call: Call) -> int:
        try:
            await call.out("begun\n")
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return 0

    async def kill(program: str) -> int:
        process = await asyncio.create_subprocess_exec(program, stdout=asyncio.subprocess.PIPE)
        assert process.stdout
        await process.stdout.readline()
        process.terminate()
        return await process.wait()

    assert serve(machine, wait_for_ever, kill, monkeypatch) == -signal.SIGTERM
    assert ended == ["cancelled"]


def test_a_reboot_ends_it(machine, monkeypatch):
    async def meet_it(call: Call) -> int:
        await call.out("half\n")
        raise Rebooted

    status, out, _err = run(machine, meet_it, "$T", monkeypatch)
    assert (status, out) == (137, "half\n")


def test_a_fault_of_the_simulators_own_is_told(machine, monkeypatch, caplog):
    async def break_down(_call: Call) -> int:
        raise LookupError("no table")

    status, _out, err = run(machine, break_down, "$T -n", monkeypatch)
    assert (status, err) == (70, "jls: the simulator failed: LookupError('no table')\n")
    assert "failed" in caplog.text


def test_without_a_simulator_it_says_so(machine):
    place(Path(machine.files.root), [TOOL])

    async def scenario():
        process = await asyncio.create_subprocess_exec(
            f"{machine.files.root}{TOOL}", stderr=asyncio.subprocess.PIPE
        )
        _out, err = await process.communicate()
        return process.returncode, err

    status, err = asyncio.run(scenario())
    assert status == 255
    assert b"the simulator is not there" in err


def test_it_starts_quickly(machine, monkeypatch):
    async def nothing(_call: Call) -> int:
        return 0

    async def measure(program: str) -> float:
        times = []
        for _ in range(10):
            begun = time.perf_counter()
            process = await asyncio.create_subprocess_exec(program)
            await process.wait()
            times.append(time.perf_counter() - begun)
        return min(times)

    # 10 ms on an idle machine; a busy one is given room
    assert serve(machine, nothing, measure, monkeypatch) < 0.1
