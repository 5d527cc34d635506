"""The launcher's parts that touch the machine: lock, ports, sockets, Redis; and the command as a whole."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import subprocess
import sys

import pytest

from jailpanel.environment import BASE_DIR
from jailpanel.launch import places, services
from jailpanel.launch.errors import AlreadyRunning, NoPlace
from jailpanel.launch.ledger import Ledger, command_line
from jailpanel.launch.lock import describe, only_one
from jailpanel.launch.logs import Logs
from jailpanel.launch.places import Places, listen, public_url
from jailpanel.launch.supervisor import Supervisor


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def launch(state, *words, **environment):
    return subprocess.run(
        [sys.executable, "-m", "jailpanel.launch", *words],
        cwd=BASE_DIR, env={**os.environ, "JAILPANEL_VAR": str(state), **environment},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_only_one_launcher_holds_a_state_folder(tmp_path):
    with only_one(tmp_path / "lock") as lock:
        describe(lock, "process 7, http://127.0.0.1:8000")
        with (
            pytest.raises(AlreadyRunning, match=r"^process 7, http://127\.0\.0\.1:8000$"),
            only_one(tmp_path / "lock"),
        ):
            pass
    with only_one(tmp_path / "lock"):
        pass


def test_a_second_start_says_where_the_first_one_is(tmp_path):
    Places(tmp_path).make()
    with only_one(tmp_path / "run" / "lock") as lock:
        describe(lock, "process 7, http://127.0.0.1:8000")
        done = launch(tmp_path)
    assert done.returncode == 1
    assert done.stderr == "The panel runs already: process 7, http://127.0.0.1:8000.\n"


def test_a_start_that_fails_says_why_and_leaves_nothing(tmp_path, listener):
    done = launch(tmp_path, PORT=str(listener))
    assert done.returncode == 1
    assert done.stderr.startswith(f"Port {listener} cannot be had (Address already in use).")
    assert list((tmp_path / "run").glob("children-*")) == []


def test_the_first_free_port_is_taken(monkeypatch, listener):
    monkeypatch.delenv("PORT", raising=False)
    monkeypatch.setattr(places, "FIRST_PORT", listener)
    with listen() as first, listen() as second:
        ports = [found.getsockname()[1] for found in (first, second)]
        assert listener < ports[0] < ports[1] < listener + places.PORTS_TO_TRY
        assert first.getsockname()[0] == "127.0.0.1"


def test_a_given_port_is_taken_or_refused(monkeypatch, listener):
    monkeypatch.setenv("PORT", str(listener))
    with pytest.raises(NoPlace, match="Address already in use"):
        listen()


@pytest.mark.parametrize("given", ["x", "0", "65536", "-1", "80 80", "٣"])
def test_a_port_that_is_none_is_refused(given, monkeypatch):
    monkeypatch.setenv("PORT", given)
    with pytest.raises(NoPlace, match="must be a number from 1 to 65535"):
        listen()


def test_the_state_is_for_its_owner_only(tmp_path):
    Places(tmp_path / "state").make()
    for folder in (tmp_path / "state").iterdir():
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_redis_listens_in_the_state_folder_where_the_path_is_short_enough(tmp_path):
    assert Places(tmp_path).redis_socket() == tmp_path / "redis.sock"


def test_redis_listens_in_a_private_folder_where_the_state_lies_too_deep(tmp_path):
    deep = Places(tmp_path / ("x" * 100))
    deep.make()
    path = deep.redis_socket()
    assert len(os.fsencode(path)) <= places.SOCKET_PATH_BYTES
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    deep.make()  # the next start, after one that was killed
    assert not path.parent.exists()


def test_the_embedded_redis_starts_answers_is_known_by_its_mark_and_ends(tmp_path):
    program = services.redis_program()
    assert program
    here = Places(tmp_path)
    here.make()
    redis = services.redis(program, here, here.redis_socket())

    async def scenario():
        ledger = Ledger(here.run)
        supervisor = Supervisor(folder=tmp_path, logs=Logs(here.logs), ledger=ledger, say=print)
        supervisor.start(redis)
        try:
            await supervisor.ready(redis)
            return command_line(ledger.pids()[0]), stat.S_IMODE((tmp_path / "redis.sock").stat().st_mode)
        finally:
            await supervisor.stop("redis")

    line, mode = asyncio.run(scenario())
    assert redis.mark in line
    assert mode == 0o700
    assert not (tmp_path / "redis.sock").exists()


def test_visitors_cannot_choose_the_address_that_records_show(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.delenv("JAILPANEL_TLS", raising=False)
        assert "--no-proxy-headers" in services.web(server).argv
        monkeypatch.setenv("JAILPANEL_TLS", "1")
        assert "--proxy-headers" in services.web(server).argv


def test_behind_a_tls_proxy_the_proxys_address_is_shown(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("JAILPANEL_TLS", "1")
        monkeypatch.setenv("JAILPANEL_ALLOWED_HOSTS", "panel.example,other.example")
        assert public_url(server) == "https://panel.example"
        monkeypatch.delenv("JAILPANEL_TLS")
        assert public_url(server) == f"http://127.0.0.1:{server.getsockname()[1]}"
