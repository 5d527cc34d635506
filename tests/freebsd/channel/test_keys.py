"""The panel's own key, and the keys that hosts show."""

from __future__ import annotations

import shutil
import stat
import subprocess

import asyncssh
import pytest

from apps.freebsd.channel.keys import fingerprint, make_key_pair, scan_host_key
from apps.freebsd.errors import AccessRefused, HostUnreachable, InvalidInput

pytestmark = pytest.mark.anyio


def test_the_panels_key_is_made_once_and_for_its_owner_only(tmp_path) -> None:
    path = tmp_path / "id"
    line = make_key_pair(path)
    assert line.startswith("ssh-ed25519 AAAA")
    assert line.endswith(" jailpanel")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert make_key_pair(path) == line
    assert [entry.name for entry in tmp_path.iterdir()] == ["id"]


def test_a_key_file_that_is_none_is_not_replaced(tmp_path) -> None:
    path = tmp_path / "id"
    path.write_text("something precious")
    with pytest.raises(AccessRefused):
        make_key_pair(path)
    assert path.read_text() == "something precious"


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen to compare with")
def test_fingerprints_are_those_of_ssh_keygen(tmp_path) -> None:
    (tmp_path / "id.pub").write_text(make_key_pair(tmp_path / "id"))
    shown = subprocess.run(
        ["ssh-keygen", "-l", "-f", tmp_path / "id.pub"], check=True, capture_output=True, text=True
    ).stdout
    assert shown.split()[1] == fingerprint((tmp_path / "id.pub").read_text())


@pytest.mark.parametrize("text", ["", "ssh-ed25519", "ssh-ed25519 AAAA", "hello", "ssh-rsa !!!! x", "\0"])
def test_what_is_no_key_is_refused(text) -> None:
    with pytest.raises(InvalidInput):
        fingerprint(text)


async def test_scanning_shows_the_key_without_signing_in(host) -> None:
    host.allow = False
    key = await scan_host_key("127.0.0.1", host.port, 5)
    assert key == host.target().host_key
    assert len(key.split()) == 2
    assert host.commands == []


async def test_scanning_a_host_that_is_away_says_why(host) -> None:
    port = host.port
    await host.stop()
    with pytest.raises(HostUnreachable, match="refused the connection"):
        await scan_host_key("127.0.0.1", port, 5)
    await host.listen()


async def test_ed25519_is_what_a_host_with_several_keys_is_known_by(host) -> None:
    await host.stop()
    host.host_keys.insert(0, asyncssh.generate_private_key("ssh-rsa", key_size=2048))
    await host.listen()
    assert (await scan_host_key("127.0.0.1", host.port, 5)).startswith("ssh-ed25519 ")
