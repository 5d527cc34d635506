"""freebsd-update's other ways: upgrades in two goes, the way back, and hosts whose base is of packages."""

from __future__ import annotations

import hashlib

import pytest

from apps.simulator import packages, world
from apps.simulator.call import Buffer, Call
from apps.simulator.provision import ROOT_ENV, _drive
from apps.simulator.tools.freebsd_update import freebsd_update
from apps.simulator.tools.freebsd_version import userland_of
from tests.simulator.machines import make, play

BASE = "/base"
UPDATE = f"freebsd-update --not-running-from-cron -b {BASE}"


@pytest.fixture
def machine(tmp_path):
    machine = make(tmp_path, release="14.1-RELEASE", basejail="", lacks=frozenset())
    machine.files.mkdir(f"{BASE}/bin", parents=True)
    machine.files.write_text(f"{BASE}/bin/freebsd-version", world.freebsd_version_script("13.2-RELEASE"))
    return machine


def release_of(machine) -> str:
    return userland_of(machine.files, f"{BASE}/bin/freebsd-version")


def answered(machine, answer: bytes, *words: str) -> tuple[int, str]:
    """Run freebsd-update with someone who types."""
    typed = [answer]

    async def read() -> bytes:
        return typed.pop() if typed else b""

    out = Buffer()
    argv = ("freebsd-update", "--not-running-from-cron", "-b", BASE, *words)
    machine.pace = 0.0
    call = Call(argv, machine, out, Buffer(), env=ROOT_ENV, read=read)
    return _drive(freebsd_update(call)), out.text


def pending(machine) -> bool:
    named = hashlib.sha256(f"{BASE}\n".encode()).hexdigest()
    return machine.files.exists(f"/var/db/freebsd-update/{named}-install")


def test_an_upgrade_asks_and_is_installed_in_two_goes(machine):
    status, said = answered(machine, b"y\n", "-r", "14.1-RELEASE", "upgrade")
    assert (status, "Does this look reasonable (y/n)?" in said) == (0, True)
    assert release_of(machine) == "13.2-RELEASE"
    first = play(machine, f"{UPDATE} install")
    assert "requires removing old shared object files" in first.stdout
    assert (release_of(machine), pending(machine)) == ("14.1-RELEASE-p8", True)
    assert play(machine, f"{UPDATE} install").status == 0
    assert not pending(machine)
    assert play(machine, f"{UPDATE} install").status == 2


def test_nothing_is_upgraded_when_nobody_agrees(machine):
    assert answered(machine, b"n\n", "-r", "14.1-RELEASE", "upgrade")[0] == 1
    assert answered(machine, b"", "-r", "14.1-RELEASE", "upgrade")[0] == 1
    assert not pending(machine)


def test_what_was_installed_last_can_be_taken_back_once(machine):
    assert play(machine, f"{UPDATE} rollback").status == 1
    patch = f"{UPDATE} --currently-running 13.2-RELEASE fetch install"
    assert play(machine, patch).status == 0
    assert release_of(machine) == "13.2-RELEASE-p12"
    assert play(machine, f"{UPDATE} rollback").status == 0
    assert release_of(machine) == "13.2-RELEASE"
    assert play(machine, f"{UPDATE} rollback").status == 1


def test_a_host_of_packages_is_refused_and_a_tree_of_sets_on_it_is_not(machine):
    runtime = packages.Package("FreeBSD-runtime", "15.0", "base/runtime", "Base system")
    packages.store(machine.files, [runtime])
    refused = play(machine, "freebsd-update --not-running-from-cron fetch install")
    assert (refused.status, refused.stdout) == (
        1, "freebsd-update is incompatible with the use of packaged base\n",
    )  # fmt: skip
    assert play(machine, f"{UPDATE} --currently-running 13.2-RELEASE fetch install").status == 0


def test_a_set_is_proven_by_its_checksum(machine):
    machine.files.write_text("/base.txz", world.set_text("base", "13.2-RELEASE"))
    digest = hashlib.sha256(world.set_text("base", "13.2-RELEASE").encode()).hexdigest()
    assert f"base.txz\t{digest}\t" in world.manifest("13.2-RELEASE", "amd64")
    good = play(machine, f"/sbin/sha256 -c {digest} /base.txz")
    assert (good.status, good.stdout) == (0, f"SHA256 (/base.txz) = {digest}\n")
    bad = play(machine, f"/sbin/sha256 -c {'0' * 64} /base.txz")
    assert (bad.status, bad.stdout) == (2, f"SHA256 (/base.txz) = {digest} [ Failed ]\n")
    assert play(machine, "/sbin/sha256 -c x /none").status == 1


def test_a_fetch_goes_on_behind_what_came_before(machine):
    url = "https://download.freebsd.org/releases/amd64/amd64/14.1-RELEASE/base.txz"
    whole = world.set_text("base", "14.1-RELEASE")
    machine.files.write_text("/base.txz", whole[:20])
    assert play(machine, f"fetch -r -o /base.txz {url}").status == 0
    assert machine.files.read_text("/base.txz") == whole
    machine.files.write_text("/base.txz", "forged, and longer than the true one is" * 20)
    assert play(machine, f"fetch -r -o /base.txz {url}").status == 0
    assert machine.files.read_text("/base.txz").startswith("forged")


def test_ports_are_unpacked_where_they_are_wanted(machine):
    machine.files.write_text("/ports.txz", world.set_text("ports", "14.1-RELEASE"))
    machine.files.mkdir("/tree")
    assert play(machine, "tar -xf /ports.txz -C /tree").status == 0
    assert machine.files.is_file("/tree/usr/ports/Makefile")
    assert play(machine, "tar -xf /none.txz -C /tree").status == 1
