"""Debian's own OpenSSH server, started for a test with one forced command, as a FreeBSD host runs it."""

from __future__ import annotations

import contextlib
import getpass
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from apps.freebsd.channel.ssh import SshTarget, make_key_pair
from tests.programs import program

START_TIMEOUT_S = 10
HOST_KEYS = ("rsa", "ecdsa", "ed25519")


@dataclass(frozen=True, slots=True)
class Sshd:
    """A running server and the key that it lets in."""

    folder: Path
    port: int
    private_key_path: Path

    def target(self, key_type: str = "ed25519") -> SshTarget:
        """Return how to reach it, with one of its host keys pinned."""
        line = (self.folder / f"host_{key_type}.pub").read_text()
        host_key = " ".join(line.split()[:2])
        return SshTarget("127.0.0.1", self.port, getpass.getuser(), host_key, self.private_key_path)


@contextlib.contextmanager
def running_sshd(folder: Path, command: str) -> Iterator[Sshd]:
    """Run an SSH server in which the only key is forced to `command`; end it afterwards."""
    server = program("sshd")
    sshd = Sshd(folder, _free_port(), folder / "panel")
    _write_settings(sshd, command)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    # sshd starts itself anew for each connection: it wants its absolute path
    process = subprocess.Popen([server, "-D", "-e", "-f", folder / "config"], stderr=subprocess.PIPE)
    try:
        _wait_for_it(process, sshd.port)
        yield sshd
    finally:
        process.terminate()
        process.communicate()


def _write_settings(sshd: Sshd, command: str) -> None:
    folder = sshd.folder
    for kind in HOST_KEYS:
        words = ["-q", "-N", "", "-t", kind, "-f", folder / f"host_{kind}"]
        subprocess.run([program("ssh-keygen"), *words], check=True)
    options = f'restrict,command="{command}"'
    (folder / "authorized_keys").write_text(f"{options} {make_key_pair(sshd.private_key_path)}\n")
    settings = [
        f"ListenAddress 127.0.0.1:{sshd.port}",
        *(f"HostKey {folder}/host_{kind}" for kind in HOST_KEYS),
        f"AuthorizedKeysFile {folder}/authorized_keys",
        "PidFile none",
        "StrictModes no",
        "UsePAM no",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "PermitRootLogin forced-commands-only",
        "SetEnv SHLVL=2",  # Debian's bash reads ~/.bashrc for what sshd runs, unless it is nested
    ]
    (folder / "config").write_text("\n".join(settings) + "\n")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for_it(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    raise AssertionError(f"sshd does not answer: {process.returncode}")
