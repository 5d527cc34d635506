"""The script as a forced command behind real OpenSSH: what a dropped line does, and what it cannot."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.hosts.agent.tree import (
    EZJAIL,
    RUN,
    WAIT,
    Tree,
    await_that,
    end_runs,
    is_running,
    last_line,
    lines,
    make_tree,
)
from tests.programs import program

CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin forced-commands-only
AcceptEnv *
LogLevel DEBUG1
"""


@dataclass(frozen=True, slots=True)
class Door:
    """A way through sshd to a tree's agent."""

    tree: Tree
    command: tuple[str, ...]

    def ask(self, request: str, stdin: bytes = b"", *options: str) -> subprocess.CompletedProcess[bytes]:
        command = [*self.command[:-1], *options, self.command[-1], *([request] if request else [])]
        return subprocess.run(command, input=stdin, capture_output=True, timeout=60, check=False)

    def begin(self, request: str) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        return subprocess.Popen([*self.command, request], stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe)

    def start(self, run: str, *argv: str) -> subprocess.CompletedProcess[bytes]:
        text = lines(*argv)
        return self.ask(f"start {run} {len(text)} alice j-7", text)


def make_key(file: Path) -> str:
    keygen = program("ssh-keygen")
    subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", file], check=True, capture_output=True)
    return file.with_suffix(".pub").read_text()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as line:
        line.settimeout(5)
        return line.recv(4) == b"SSH-"
    return False


def client(folder: Path, port: int) -> tuple[str, ...]:
    options = (
        "BatchMode=yes", "IdentitiesOnly=yes", "StrictHostKeyChecking=yes", "LogLevel=ERROR",
        f"UserKnownHostsFile={folder}/known_hosts", f"IdentityFile={folder}/key",
    )  # fmt: skip
    set_options = [word for option in options for word in ("-o", option)]
    who = f"{getpass.getuser()}@127.0.0.1"
    return (program("ssh"), "-F", "none", "-p", str(port), *set_options, who)


@pytest.fixture
def door(tmp_path):
    sshd = program("sshd")
    tree = make_tree(tmp_path)
    port = free_port()
    host_key, key = make_key(tmp_path / "host_key"), make_key(tmp_path / "key")
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}")
    forced = f"/usr/bin/env JAILPANEL_ROOT={tree.root} {tree.script}"
    (tmp_path / "authorized_keys").write_text(f'restrict,command="{forced}" {key}')
    (tmp_path / "config").write_text(CONFIG.format(port=port, folder=tmp_path))
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            [sshd, "-D", "-e", "-f", tmp_path / "config"], stdin=subprocess.DEVNULL, stderr=log
        )
    try:
        await_that(lambda: answers(port), "sshd answers")
        yield Door(tree, client(tmp_path, port))
    finally:
        end_runs(tree)
        server.terminate()
        server.wait(20)


def follower_pids(tree: Tree) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            environ = (folder / "environ").read_bytes()
            if b"follow" in words and str(tree.root).encode() in environ and is_running(int(folder.name)):
                found.append(int(folder.name))
    return found


def test_key_gives_the_agent_and_nothing_else(door):
    assert door.ask("version").stdout.startswith(b"jailpanel-agent 1 ")
    for request in ("", "id", "version; id", "version\nid", "sh", "$(id)", "scp -f /etc/passwd"):
        answer = door.ask(request)
        assert (answer.returncode, answer.stdout) == (64, b""), request


def test_key_gives_no_terminal_and_no_forwarding(door):
    answer = door.ask("version", b"", "-tt")
    assert b"PTY allocation request failed" in answer.stderr
    answer = door.ask("version", b"", "-o", "ExitOnForwardFailure=yes", "-R", "127.0.0.1:0:127.0.0.1:1")
    assert answer.returncode == 255


def test_clients_variables_change_nothing(door):
    evil = ("JAILPANEL_ROOT=/evil", "JAILPANEL_AGENT=clean", "ezjail_jaildir=/evil")
    door.tree.file("etc/rc.conf", "mine\n")
    sent = subprocess.run(
        [*door.command[:-1], *(f"-oSetEnv={evil[0]}",), door.command[-1], "read /etc/rc.conf"],
        capture_output=True,
        check=False,
    )
    assert sent.stdout == b"mine\n"
    sent = subprocess.run(
        [*door.command[:-1], f"-oSetEnv={' '.join(evil)}", door.command[-1], "_run " + RUN],
        capture_output=True,
        check=False,
    )
    assert (sent.returncode, sent.stdout) == (64, b"")


def test_start_lets_go_of_the_connection_and_the_run_goes_on(door):
    door.tree.play("echo first\n" + WAIT + "echo second\n")
    answer = door.start(RUN, EZJAIL, "onestart", "test")
    assert (answer.returncode, answer.stdout) == (0, b"started run-00000001\n")
    # ssh has ended, so sshd waits for nothing of the run's; and the run is there still
    assert is_running(door.tree.pgid(RUN))
    door.tree.file("go", "")
    answer = door.ask(f"follow {RUN} 0")
    assert (answer.stdout, last_line(answer.stderr), answer.returncode) == (b"first\nsecond\n", "exit 0", 0)


def test_follower_killed_half_way_is_taken_up_at_its_byte(door):
    door.tree.play(
        "i=0; while [ $i -lt 400 ]; do echo line $i; i=$((i + 1)); [ $i -ne 200 ] || {\n" + WAIT + "}; done\n"
    )
    door.start(RUN, EZJAIL, "onestart", "test")
    with door.begin(f"follow {RUN} 0") as follower:
        begun = follower.stdout.read(777)
        follower.kill()
    door.tree.file("go", "")
    answer = door.ask(f"follow {RUN} {len(begun)}")
    assert begun + answer.stdout == b"".join(b"line %d\n" % n for n in range(400))
    assert last_line(answer.stderr) == "exit 0"


def test_follower_of_a_dropped_line_does_not_stay_for_ever(door):
    door.tree.hurry()
    door.tree.play(WAIT)
    door.start(RUN, EZJAIL, "onestart", "test")
    with door.begin(f"follow {RUN} 0") as follower:
        await_that(lambda: follower_pids(door.tree), "the follower is there")
        follower.kill()
    await_that(lambda: not follower_pids(door.tree), "the follower ends")
    assert is_running(door.tree.pgid(RUN))


def test_arguments_cut_off_by_a_dropped_line_start_nothing(door):
    text = lines(EZJAIL, "delete", "-w", "test")
    with subprocess.Popen(
        [*door.command, f"start {RUN} {len(text)} alice j"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as starter:
        starter.stdin.write(text[:-3])
        starter.stdin.flush()
        starter.kill()
    assert door.ask(f"follow {RUN} 0").returncode == 66
    assert not (door.tree.runs / RUN).exists()


def test_cancel_over_another_connection_ends_the_run(door):
    door.tree.play(WAIT)
    door.start(RUN, EZJAIL, "onestart", "test")
    with door.begin(f"follow {RUN} 0") as follower:
        assert door.ask(f"cancel {RUN}").stdout == b"cancelled run-00000001\n"
        assert last_line(follower.communicate()[1]) == "exit 143"


def test_file_travels_both_ways(door):
    content = bytes(range(256)) * 100
    answer = door.ask(f"write /etc/fstab.test - {len(content)} alice j", content)
    assert answer.returncode == 0
    assert door.ask("read /etc/fstab.test").stdout == content


LOGIN_SHELLS = tuple(
    filter(None, map(shutil.which, ("sh", "bash", "dash", "csh", "tcsh", "ksh", "zsh", "fish")))
)


@pytest.mark.parametrize("shell", LOGIN_SHELLS)
def test_login_shell_of_the_host_makes_no_difference(tmp_path, shell):
    # sshd hands a forced command to the account's login shell, which was csh for root before FreeBSD 14.
    # The request is not in it: it is in a variable that the shell does not look at.
    tree = make_tree(tmp_path)
    forced = f"/usr/bin/env JAILPANEL_ROOT={tree.root} {tree.script}"
    tree.file("/etc/rc.conf", "mine\n")
    answer = subprocess.run(
        [shell, "-c", forced],
        env={"PATH": "/usr/bin:/bin", "SSH_ORIGINAL_COMMAND": "read /etc/rc.conf"},
        capture_output=True,
        check=False,
    )
    assert (answer.returncode, answer.stdout) == (0, b"mine\n")
