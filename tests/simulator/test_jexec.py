from __future__ import annotations

import asyncio

import pytest

from tests.simulator.machines import READY, call_of, done, make, play


@pytest.fixture
def machine(tmp_path):
    machine = make(tmp_path, READY)
    done(machine, "create www.example 'lo1|10.0.0.2/24'", "onestart www.example")
    return machine


@pytest.mark.parametrize(
    ("command", "status", "stdout"),
    [
        ("jexec www_example hostname", 0, "www.example\n"),
        ("jexec 1 uname -nr", 0, "www.example 13.2-RELEASE\n"),
        ("jexec www_example /bin/echo a  b", 0, "a b\n"),
        ("jexec www_example sh -c 'exit 7'", 7, ""),
        ("jexec www_example sh -c 'false || echo $HOME; hostname'", 0, "/root\nwww.example\n"),
        ("jexec -l www_example sh -c 'echo $USER $TERM'", 0, "root xterm\n"),
        ("jexec www_example cat /etc/nosuch", 1, ""),
        ("jexec www_example ls /basejail", 0, "bin\nboot\nlib\nlibexec\nrescue\nsbin\nusr\n"),
    ],
)
def test_the_commands_own_status_and_output_count(machine, command, status, stdout):
    result = play(machine, command)
    assert (result.status, result.stdout) == (status, stdout)


@pytest.mark.parametrize(
    ("command", "stderr"),
    [
        ("jexec nosuch true", 'jexec: jail "nosuch" not found\n'),
        ("jexec 99 true", "jexec: jail 99 not found\n"),
        ("jexec www_example /nosuch", "jexec: execvp: /nosuch: No such file or directory\n"),
        ("jexec -U nobody www_example true", "jexec: nobody: no such user\n"),
        ("jexec", "usage: jexec [-l] [-u username | -U username] jail [command ...]\n"),
    ],
)
def test_jexecs_own_failures_are_status_1(machine, command, stderr):
    result = play(machine, command)
    assert (result.status, result.stderr) == (1, stderr)


def test_a_program_that_is_not_played_is_refused_by_name(machine):
    result = play(machine, "jexec www_example awk 1")
    assert (result.status, result.stderr) == (126, "simulator: /usr/bin/awk is not played inside of jails\n")


def test_a_script_in_the_jail_runs_there(machine):
    machine.files.write_text("/usr/jails/www.example/root/go", "#!/bin/sh\nhostname\nexit 3\n", 0o755)
    result = play(machine, "jexec www_example /root/go")
    assert (result.status, result.stdout) == (3, "www.example\n")


def test_a_jail_may_not_rename_itself(machine):
    result = play(machine, "jexec www_example hostname other")
    assert (result.status, result.stderr) == (1, "hostname: sethostname: Operation not permitted\n")
    assert play(machine, "hostname").stdout == "alpha\n"


def test_a_login_shell_runs_what_stands_in_standard_input(machine):
    call, lines = call_of(machine, "jexec www_example login -f root"), [b"hostname\nexit 4\n"]

    async def read():
        return lines.pop() if lines else b""

    call.read = read
    assert asyncio.run(call.run(call.argv)) == 4
    assert call.sink_out.text == "www.example\n"
