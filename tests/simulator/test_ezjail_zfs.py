from __future__ import annotations

import asyncio

import pytest

from apps.simulator import pool
from tests.simulator.machines import (
    OBSOLETE,
    ZFS,
    ZFS_CONF,
    call_of,
    done,
    ezjail,
    killed_after,
    make,
    noise,
    play,
)

VANILLA = "_vanilla_newjail_"
WWW = "create www 'lo1|10.0.0.2/24'"


@pytest.fixture
def machine(tmp_path):
    return make(tmp_path, ZFS)


def test_a_jail_is_a_dataset_received_from_the_template(machine):
    result = ezjail(machine, WWW)
    assert (result.status, result.stdout, result.stderr) == (0, "", "")
    dataset = machine.kernel.dataset("zroot/ezjail/www")
    assert (dataset.mountpoint, dataset.snapshots) == ("/usr/jails/www", [])
    assert machine.files.exists("/usr/jails/www/etc/rc")
    text = machine.files.read_text("/usr/local/etc/ezjail/www")
    assert 'imagetype="zfs"' in text
    assert 'parentzfs="zroot/ezjail"' in text
    assert machine.kernel.dataset("zroot/ezjail/newjail").snapshots == []


def test_such_a_jail_starts_stops_and_is_wiped(machine):
    done(machine, WWW)
    assert ezjail(machine, "onestart www").stderr == OBSOLETE
    done(machine, "onestop www", "delete -w www")
    assert machine.kernel.dataset("zroot/ezjail/www") is None
    assert not machine.files.exists("/usr/jails/www")


def test_a_quota_and_properties_come_with_the_dataset(tmp_path):
    conf = ZFS_CONF + 'ezjail_zfs_jail_properties="-o compression=lz4 -o atime=off"\n'
    machine = make(tmp_path, ZFS, ezjail_conf=conf)
    done(machine, "create -c zfs -s 2g www 'lo1|10.0.0.2/24'")
    assert machine.kernel.dataset("zroot/ezjail/www").properties == {
        "compression": "lz4",
        "atime": "off",
        "quota": str(2 * 1024**3),
    }


def test_an_own_parent_may_be_named(machine):
    play(machine, "zfs create zroot/other")
    done(machine, "create -z zroot/other www 'lo1|10.0.0.2/24'")
    assert machine.kernel.dataset("zroot/other/www")


def test_k_keeps_a_snapshot_from_which_a_flavour_can_be_frozen(machine):
    done(machine, f"create -k {WWW.removeprefix('create ')}")
    assert [item.name for item in machine.kernel.dataset("zroot/ezjail/www").snapshots] == [VANILLA]
    machine.files.write_text("/usr/jails/www/etc/motd", "changed")
    machine.files.mkdir("/usr/jails/www/usr/local/www", parents=True)
    done(machine, "freeze www mine")
    assert machine.files.read_text("/usr/jails/flavours/mine/etc/motd") == "changed"
    assert not machine.files.exists("/usr/jails/flavours/mine/etc/rc")
    assert ezjail(machine, "freeze www mine").stderr == (
        "Error: A flavour already exists at /usr/jails/flavours/mine.\n"
    )


def test_without_k_nothing_can_be_frozen(machine):
    done(machine, WWW)
    assert ezjail(machine, "freeze www mine").stderr == (
        "Error: Jail www did not keep a snapshot when it was first created.\n"
        "  Use ezjail-admin create with the -k option to keep a snapshot to diff.\n"
    )
    assert ezjail(machine, "freeze nosuch mine").stderr == "Error: Nothing known about jail nosuch.\n"
    assert ezjail(machine, "freeze www").stderr == "Usage: ezjail-admin freeze jailname newflavour\n"


def test_two_creates_at_once_share_the_snapshots_one_name(machine):
    async def both():
        calls = [
            call_of(machine, f"ezjail-admin create {name} 'lo1|10.0.0.{ip}'")
            for name, ip in (("a", 2), ("b", 3))
        ]
        statuses = await asyncio.gather(*(call.run(call.argv) for call in calls))
        return statuses, calls[0].sink_err.text + calls[1].sink_err.text

    statuses, errors = asyncio.run(both())
    assert 0 in statuses
    assert "dataset already exists" in errors
    assert "could not find any snapshots to destroy; check snapshot names." in errors


def test_a_killed_create_leaves_dataset_and_snapshot(machine):
    asyncio.run(killed_after(machine, f"ezjail-admin {WWW}", 4))
    assert machine.kernel.dataset("zroot/ezjail/www")
    assert not machine.files.exists("/usr/local/etc/ezjail/www")
    assert [item.name for item in machine.kernel.dataset("zroot/ezjail/newjail").snapshots] == [VANILLA]


def test_a_rename_takes_the_dataset_along(machine):
    done(machine, WWW, "config -n db www")
    assert machine.kernel.dataset("zroot/ezjail/www") is None
    assert machine.kernel.dataset("zroot/ezjail/db").mountpoint == "/usr/jails/db"
    assert machine.files.exists("/usr/jails/db/etc/rc")
    assert not machine.files.exists("/usr/jails/www")
    done(machine, "onestart db")


def test_x_needs_the_dataset(machine):
    done(machine, WWW, "delete www", "create -x www 'lo1|10.0.0.2/24'")
    assert 'imagetype="zfs"' in machine.files.read_text("/usr/local/etc/ezjail/www")


def test_an_update_keeps_both_trees_in_snapshots(machine, monkeypatch):
    monkeypatch.setattr(machine, "now", lambda: 1_800_000_000.0)
    done(machine, "update -u")
    assert machine.kernel.dataset("zroot/ezjail/newjail").snapshots
    assert len(machine.kernel.dataset("zroot/ezjail/basejail").snapshots) == 2


def test_a_snapshot_twice_in_a_minute_is_complained_of_and_well(machine, monkeypatch):
    monkeypatch.setattr(machine, "now", lambda: 1_800_000_000.0)
    done(machine, WWW, "snapshot www")
    result = ezjail(machine, "snapshot")
    assert result.status == 0
    assert (
        result.stderr
        == "cannot create snapshot 'zroot/ezjail/www@ez-autosnap-202701150800': dataset already exists\n"
    )


def test_a_retention_policy_thins_and_says_each_command(machine, monkeypatch):
    done(machine, WWW)
    path = "/usr/local/etc/ezjail/www"
    text = machine.files.read_text(path)
    machine.files.write_text(path, text.replace('retention_policy=""', 'retention_policy="2x1h"'))
    out = ""
    for hour in range(4):
        monkeypatch.setattr(machine, "now", lambda hour=hour: 1_800_000_000.0 + 3600 * hour)
        out = ezjail(machine, "snapshot www").stdout
    assert out == (
        "zfs snapshot -r zroot/ezjail/www@ez-autosnap-202701151100\n"
        "zfs destroy -r zroot/ezjail/www@ez-autosnap-202701150900\n"
    )
    assert len(machine.kernel.dataset("zroot/ezjail/www").snapshots) == 2


@pytest.mark.parametrize(
    ("policy", "status", "said"),
    [
        ("3x1q", 0, "Unknown window length declaration 3x1q\n"),
        ("1y", 1, "arithmetic expression"),
        ("KEEP", 0, "zfs snapshot"),
    ],
)
def test_odd_policies(machine, policy, status, said):
    done(machine, WWW)
    machine.kernel.dataset("zroot/ezjail/www").properties["ezjail:autosnap_retention"] = policy
    result = ezjail(machine, "snapshot www")
    assert result.status == status
    assert said in result.stdout + result.stderr


def test_a_pool_of_one_word_is_made_below_without_parents(machine):
    with pytest.raises(pool.ZfsError, match="no such pool 'tank'"):
        pool.create(machine, "tank")
    assert noise(ezjail(machine, "troubleshoot").stderr) == ""
