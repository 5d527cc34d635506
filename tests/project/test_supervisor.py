"""The supervisor with children of sh: started, started again, ended, and never left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from contextlib import asynccontextmanager

import pytest

from jailpanel.environment import BASE_DIR
from jailpanel.launch import probes
from jailpanel.launch.errors import StartFailed
from jailpanel.launch.ledger import Child, Ledger, command_line, end_stale
from jailpanel.launch.logs import Logs
from jailpanel.launch.service import Service
from jailpanel.launch.supervisor import Supervisor
from tests.programs import program
from tests.services import eventually

DEADLINE_S = 20


@pytest.fixture
def said():
    return []


@pytest.fixture
def supervised(tmp_path, said):
    @asynccontextmanager
    async def supervise(*services, first_delay_s=0.01):
        supervisor = Supervisor(
            folder=tmp_path,
            logs=Logs(tmp_path),
            ledger=Ledger(tmp_path),
            say=said.append,
            first_delay_s=first_delay_s,
        )
        supervisor.start(*services)
        try:
            yield supervisor
        finally:
            await supervisor.stop(*(service.name for service in services))

    return supervise


def sh(name, script, **more):
    return Service(name, ("sh", "-c", textwrap.dedent(script)), **more)


async def until(condition):
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110  files and processes send no events
            await asyncio.sleep(0.005)


def is_alive(pid):
    """Whether it runs; a zombie that its new parent has not collected yet does not."""
    return bool(command_line(pid).strip())


def pid_in(path):
    return int(path.read_text())


def test_a_child_that_dies_is_started_again_and_it_is_said(tmp_path, supervised, said):
    async def scenario():
        async with supervised(sh("web", "echo x >> starts; exit 3")):
            await until(lambda: len(said) >= 3)

    asyncio.run(scenario())
    assert (tmp_path / "starts").read_text().count("x") >= 3
    assert said[0] == f"web ended with status 3; starting it again in 0.01 s. See {tmp_path}/web.log"
    assert [line.split(" in ")[1].split(" s.")[0] for line in said[:3]] == ["0.01", "0.02", "0.04"]


def test_a_child_that_is_killed_is_started_again(tmp_path, supervised, said):
    async def scenario():
        async with supervised(sh("web", "echo $$ > pid; exec sleep 100")):
            await until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
            first = pid_in(tmp_path / "pid")
            os.kill(first, signal.SIGKILL)
            await until(lambda: (tmp_path / "pid").read_text() not in {"", f"{first}\n"})

    asyncio.run(scenario())
    assert said[0].startswith("web was ended by signal 9; ")


def test_stop_asks_first_and_leaves_nothing(tmp_path, supervised):
    async def scenario():
        ready = probes.file_exists(tmp_path / "ready")
        script = "trap 'echo asked > asked; exit 0' TERM; : > ready; while :; do sleep 0.01; done"
        service = sh("web", script, ready=ready)
        async with supervised(service) as supervisor:
            await supervisor.ready(service)

    asyncio.run(scenario())
    assert (tmp_path / "asked").read_text() == "asked\n"
    assert list(tmp_path.glob("children-*")) == []


def test_a_child_that_does_not_listen_is_killed_after_its_time_of_grace(tmp_path, supervised):
    async def scenario():
        ready = probes.file_exists(tmp_path / "pid")
        service = sh(
            "deaf", "trap '' TERM; echo $$ > pid; while :; do sleep 0.01; done", ready=ready, grace_s=0.1
        )
        async with supervised(service) as supervisor:
            await supervisor.ready(service)

    asyncio.run(scenario())
    assert not is_alive(pid_in(tmp_path / "pid"))


def test_grandchildren_end_too(tmp_path, supervised):
    async def scenario():
        ready = probes.file_exists(tmp_path / "ready")
        service = sh("web", "sleep 100 & echo $! > pid; : > ready; wait", ready=ready)
        async with supervised(service) as supervisor:
            await supervisor.ready(service)

    asyncio.run(scenario())
    eventually(lambda: not is_alive(pid_in(tmp_path / "pid")))


def test_grandchildren_of_a_child_that_died_do_not_pile_up(tmp_path, supervised, said):
    async def scenario():
        async with supervised(sh("web", "sleep 100 & echo $! >> pids; exit 1")):
            await until(lambda: len(said) >= 2)

    asyncio.run(scenario())
    pids = [int(line) for line in (tmp_path / "pids").read_text().split()]
    eventually(lambda: not any(is_alive(pid) for pid in pids))


def test_kill_cuts_the_time_of_grace_short(tmp_path, supervised):
    async def scenario():
        ready = probes.file_exists(tmp_path / "pid")
        service = sh(
            "deaf", "trap '' TERM; echo $$ > pid; while :; do sleep 0.01; done", ready=ready, grace_s=600
        )
        async with supervised(service) as supervisor:
            await supervisor.ready(service)
            stopping = asyncio.create_task(supervisor.stop("deaf"))
            await asyncio.sleep(0)
            supervisor.kill()
            async with asyncio.timeout(DEADLINE_S):
                await stopping

    asyncio.run(scenario())
    assert not is_alive(pid_in(tmp_path / "pid"))


def test_a_child_that_does_not_stay_up_is_an_error_with_its_last_words(tmp_path, supervised):
    async def scenario():
        service = sh("web", "echo 'no such module' >&2; exit 1", ready=probes.file_exists(tmp_path / "never"))
        async with supervised(service) as supervisor:
            await supervisor.ready(service)

    with pytest.raises(StartFailed, match=r"web does not stay up(.|\n)*no such module"):
        asyncio.run(scenario())


def test_a_child_that_is_never_ready_is_an_error(tmp_path, supervised):
    async def scenario():
        service = sh("web", "exec sleep 100", ready=probes.file_exists(tmp_path / "never"))
        async with supervised(service) as supervisor:
            await supervisor.ready(service, timeout_s=0.05)

    with pytest.raises(StartFailed, match=r"web was not ready within 0\.05 s"):
        asyncio.run(scenario())


def test_a_program_that_is_not_there_is_an_error(tmp_path, supervised):
    async def scenario():
        service = Service("web", ("/nowhere/web",), ready=probes.file_exists(tmp_path / "never"))
        async with supervised(service) as supervisor:
            await supervisor.ready(service)

    with pytest.raises(StartFailed, match="web does not stay up"):
        asyncio.run(scenario())


def test_once_returns_what_was_printed(supervised):
    async def scenario():
        async with supervised() as supervisor:
            return await supervisor.once(sh("prepare", "echo out; echo err >&2"))

    assert asyncio.run(scenario()) == "out\n"


def test_once_that_fails_says_what_went_wrong(supervised):
    async def scenario():
        async with supervised() as supervisor:
            await supervisor.once(sh("prepare", "echo 'no database' >&2; exit 1"))

    with pytest.raises(StartFailed, match=r"prepare ended with status 1(.|\n)*no database"):
        asyncio.run(scenario())


def test_a_log_that_has_grown_is_put_aside_while_its_service_writes_on(tmp_path, monkeypatch):
    monkeypatch.setattr("jailpanel.launch.logs.LOG_BYTES", 10)
    logs = Logs(tmp_path)
    with logs.open("web") as log:
        log.write(b"more than ten bytes")
        log.flush()
        logs.put_aside()
        log.write(b"new")
    assert logs.tail("web") == "new"
    assert (tmp_path / "web.log.old").read_text() == "more than ten bytes"
    logs.put_aside()
    assert logs.tail("web") == "new"


LAUNCHER = """
    import asyncio, sys
    from pathlib import Path
    from jailpanel.launch.__main__ import _keeper
    from jailpanel.launch.ledger import Ledger
    from jailpanel.launch.logs import Logs
    from jailpanel.launch.service import Service
    from jailpanel.launch.supervisor import Supervisor

    folder = Path(sys.argv[1])

    async def main():
        ledger = Ledger(folder)
        supervisor = Supervisor(folder=folder, logs=Logs(folder), ledger=ledger, say=print)
        with _keeper(ledger.path):
            script = "sleep 100 & echo $! > grandchild; echo $$ > child; wait"
            supervisor.start(Service("web", ("sh", "-c", script)))
            await asyncio.Event().wait()

    asyncio.run(main())
"""


@pytest.fixture
def launcher(tmp_path):
    """Whoever runs `LAUNCHER`, and gets it killed at the end."""
    started = subprocess.Popen([sys.executable, "-c", textwrap.dedent(LAUNCHER), str(tmp_path)], cwd=BASE_DIR)
    eventually(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text())
    yield started
    started.kill()
    started.wait()


def test_nothing_outlives_a_launcher_that_was_killed(tmp_path, launcher):
    pids = [pid_in(tmp_path / "child"), pid_in(tmp_path / "grandchild")]
    assert all(is_alive(pid) for pid in pids)
    launcher.kill()
    eventually(lambda: not any(is_alive(pid) for pid in pids))
    eventually(lambda: not list(tmp_path.glob("children-*")))


@pytest.fixture
def sleeper():
    child = subprocess.Popen(["sleep", "1234"], start_new_session=True)
    eventually(lambda: "sleep 1234" in command_line(child.pid))
    yield child
    child.kill()
    child.wait()


def test_the_next_start_ends_what_was_left(tmp_path, sleeper):
    Ledger(tmp_path).add(Child("web", sleeper.pid, "sleep 1234"))
    assert end_stale(tmp_path) == ["web"]
    assert sleeper.wait(DEADLINE_S) == -signal.SIGTERM
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_has_the_recorded_number_by_chance_is_left_alone(tmp_path, sleeper):
    Ledger(tmp_path).add(Child("web", sleeper.pid, "python -m uvicorn"))
    assert end_stale(tmp_path) == []
    assert sleeper.poll() is None
    assert list(tmp_path.iterdir()) == []


def test_without_proc_the_command_line_comes_from_ps(monkeypatch, tmp_path, sleeper):
    program("ps")
    monkeypatch.setattr("jailpanel.launch.ledger.PROC", tmp_path)
    assert command_line(sleeper.pid).split() == ["sleep", "1234"]
    sleeper.kill()
    sleeper.wait()
    assert command_line(sleeper.pid) == ""


@pytest.mark.parametrize("text", ["", "[{", '{"a": 1}', '[{"name": "web"}]', "[1]"])
def test_a_record_that_cannot_be_read_harms_nobody(tmp_path, text):
    (tmp_path / "children-1.json").write_text(text)
    assert end_stale(tmp_path) == []
