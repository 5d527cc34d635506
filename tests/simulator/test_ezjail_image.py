"""Encrypted images: geli asks at a terminal, takes the right passphrase, and keeps none."""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import replace

import pytest

from apps.simulator.call import Buffer
from tests.simulator.machines import call_of, ezjail, make

CREATE = "ezjail-admin create -c eli -s 1m crypt 'lo1|10.0.0.7/24'"
ASKED_TWICE = "Enter new passphrase: \nReenter new passphrase: \n"


@pytest.fixture
def machine(tmp_path):
    return make(tmp_path)


def typed(machine, command: str, *answers: str) -> tuple[int, str, str]:
    """Run a command at a terminal at which somebody types lines."""
    left = [f"{answer}\n".encode() for answer in answers]

    async def read() -> bytes:
        return left.pop(0) if left else b""

    out, err = Buffer(), Buffer()
    call = replace(call_of(machine, command), sink_out=out, sink_err=err, stdin_tty=True, read=read)
    status = asyncio.run(call.run(tuple(shlex.split(command))))
    return status, out.text, err.text


def test_a_new_image_asks_for_its_passphrase_twice_and_then_once_more(machine):
    status, out, _ = typed(machine, CREATE, "secret", "secret", "secret")
    assert status == 0
    assert ASKED_TWICE in out
    assert "Enter passphrase: \n" in out
    assert 'attachblocking="YES"' in machine.files.read_text("/usr/local/etc/ezjail/crypt")
    assert "secret" not in machine.files.read_text("/usr/jails/crypt.img")


def test_two_that_differ_are_asked_for_again(machine):
    status, out, _ = typed(machine, CREATE, "secret", "other", "secret", "secret", "secret")
    assert (status, out.count("They didn't match.")) == (0, 1)


def test_a_start_takes_the_right_passphrase_and_no_other(machine):
    typed(machine, CREATE, "secret", "secret", "secret")
    status, out, err = typed(machine, "ezjail-admin onestart crypt", "wrong")
    assert status == 1
    assert "geli: Wrong key for md0." in err
    assert "Error: Attaching eli device failed." in out
    assert typed(machine, "ezjail-admin onestart crypt", "secret")[0] == 0
    assert "/dev/md0.eli" in [mount.device for mount in machine.kernel.mounts]
    assert ezjail(machine, "onestop crypt").status == 0


def test_without_a_terminal_nothing_is_attached(machine):
    typed(machine, CREATE, "secret", "secret", "secret")
    result = ezjail(machine, "config -i attach crypt")
    assert (result.status, result.stderr.splitlines()[-1]) == (1, "Error: Attaching eli device failed.")


def test_an_image_is_attached_checked_and_detached(machine):
    typed(machine, CREATE, "secret", "secret", "secret")
    for action, answers, status in (
        ("attach", ("secret",), 0),
        ("attach", ("secret",), 1),
        ("detach", (), 0),
        ("fsck", ("secret",), 0),
        ("detach", (), 1),
    ):
        assert typed(machine, f"ezjail-admin config -i {action} crypt", *answers)[0] == status
