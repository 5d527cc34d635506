"""gzip -t, link and unlink on a simulated host, zfs rollback, and an archive that a full disk cut."""

from __future__ import annotations

import pytest

from tests.simulator.machines import ZFS, done, make, play

ARCHIVES = "/usr/jails/ezjail_archives"


@pytest.fixture
def machine(tmp_path):
    made = make(tmp_path)
    done(made, "create web 'lo1|10.0.0.9/24'", "archive -a partial.web.tar.gz web")
    return made


def test_an_archive_is_proven_named_and_removed(machine):
    assert play(machine, f"gzip -t {ARCHIVES}/partial.web.tar.gz").status == 0
    named = f"link {ARCHIVES}/partial.web.tar.gz {ARCHIVES}/web.tar.gz"
    assert play(machine, named).status == 0
    assert play(machine, named).stderr == f"link: {ARCHIVES}/web.tar.gz: File exists\n"
    assert play(machine, f"unlink {ARCHIVES}/partial.web.tar.gz").status == 0
    assert machine.files.names(ARCHIVES) == ["web.tar.gz"]
    assert play(machine, f"unlink {ARCHIVES}/none.tar.gz").status == 1


def test_an_archive_that_a_full_disk_cut_ends_with_0_and_is_not_whole(machine):
    machine.faults.disk_full = True
    said = play(machine, "ezjail-admin archive -a partial.web.tar.gz web")
    assert said.status == 0
    assert "was not completely successful" in said.stdout
    machine.faults.disk_full = False
    whole = machine.files.read_bytes(f"{ARCHIVES}/partial.web.tar.gz")
    machine.files.write_bytes(f"{ARCHIVES}/partial.web.tar.gz", whole[: len(whole) // 2])
    cut = play(machine, f"gzip -t {ARCHIVES}/partial.web.tar.gz")
    assert (cut.status, "unexpected end of file" in cut.stderr) == (1, True)


def test_what_is_no_gzip_or_not_there_is_said(machine):
    machine.files.write_text(f"{ARCHIVES}/text.tar.gz", "no archive")
    assert "not gziped" in play(machine, f"gzip -t {ARCHIVES}/text.tar.gz").stderr
    assert "No such file" in play(machine, f"gzip -t {ARCHIVES}/none.tar.gz").stderr


def test_a_dataset_goes_back_past_newer_snapshots_only_when_it_may(tmp_path):
    machine = make(tmp_path, ZFS)
    done(machine, "create web 'lo1|10.0.0.9/24'")
    root, dataset = "/usr/jails/web", "zroot/ezjail/web"
    for label in ("one", "two"):
        machine.files.write_text(f"{root}/root/note", label)
        assert play(machine, f"zfs snapshot -r {dataset}@{label}").status == 0
    machine.files.write_text(f"{root}/root/note", "three")
    refused = play(machine, f"zfs rollback {dataset}@one")
    assert refused.status == 1
    assert (
        f"use '-r' to force deletion of the following snapshots and bookmarks:\n{dataset}@two"
        in refused.stderr
    )
    assert play(machine, f"zfs rollback {dataset}@two").status == 0
    assert machine.files.read_text(f"{root}/root/note") == "two"
    assert play(machine, f"zfs rollback -r {dataset}@one").status == 0
    assert machine.files.read_text(f"{root}/root/note") == "one"
    assert play(machine, f"zfs destroy -r {dataset}@two").status == 1
    assert play(machine, f"zfs destroy -r {dataset}@one").status == 0


def test_a_running_jails_dataset_is_busy(tmp_path):
    machine = make(tmp_path, ZFS)
    done(machine, "create web 'lo1|10.0.0.9/24'", "onestart web")
    dataset = "zroot/ezjail/web"
    assert play(machine, f"zfs snapshot -r {dataset}@one").status == 0
    for command in (f"rollback {dataset}@one", f"set mountpoint=none {dataset}"):
        assert "busy" in play(machine, f"zfs {command}").stderr
    done(machine, "onestop web")
    assert play(machine, f"zfs set mountpoint=none {dataset}").status == 0
    assert not machine.files.exists("/usr/jails/web/etc")
    kept = "zroot/ezjail/kept-web-20261124125900"
    assert play(machine, f"zfs rename {dataset} {kept}").status == 0
    assert play(machine, f"zfs rename {kept} {dataset}").status == 0
    assert play(machine, f"zfs set mountpoint=/usr/jails/web {dataset}").status == 0
    assert machine.files.is_dir("/usr/jails/web/etc")
