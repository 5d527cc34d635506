from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from apps.simulator.provision import _drive
from apps.simulator.world import MOVED, set_text
from tests.simulator.machines import (
    PLAIN,
    READY,
    RELEASE,
    ZFS,
    call_of,
    done,
    ezjail,
    killed_after,
    make,
    noise,
    play,
)

UNSET = (
    "Error: The variable ezjail_jailzfs needs to point a zfs ezjail can work in.\n"
    "  Set it in your ezjail.conf.\n"
)
FREE = replace(PLAIN, lacks=frozenset())
LOCAL = f"install -h file:///dist -r {RELEASE}"
NAMES = [*MOVED, "usr/lib32"]


def test_the_split_leaves_a_whole_basejail_and_a_template_of_links(tmp_path):
    machine = make(tmp_path, PLAIN)
    done(machine, LOCAL)
    files = machine.files
    for name in ("bin/sh", "libexec/ld-elf.so.1", "usr/bin/env", "bin/freebsd-version"):
        assert files.is_file(f"/usr/jails/basejail/{name}")
    assert [files.readlink(f"/usr/jails/newjail/{name}") for name in NAMES] == [
        f"/basejail/{name}" for name in NAMES
    ]
    assert files.readlink("/usr/jails/newjail/usr/ports") == "/basejail/usr/ports"
    assert files.readlink("/usr/jails/basejail/usr/bin/perl") == "/usr/local/bin/perl"
    for name in ("basejail", "etc", "var", "root", "tmp", "var/ports/distfiles"):
        assert files.is_dir(f"/usr/jails/newjail/{name}")
    for name in ("etc/rc", "etc/make.conf", "root/.profile"):
        assert files.is_file(f"/usr/jails/newjail/{name}")
    assert files.names("/usr/jails") == ["basejail", "flavours", "newjail"]


def test_a_second_install_overlays_the_base_and_replaces_the_template(tmp_path):
    machine = make(tmp_path, READY)
    done(machine, "create www 'lo1|10.0.0.2/24'")
    machine.files.write_text("/usr/jails/basejail/bin/mine", "kept")
    machine.files.write_text("/usr/jails/newjail/etc/mine", "lost")
    machine.files.write_text("/usr/jails/flavours/example/etc/make.conf", "lost")
    done(machine, LOCAL)
    assert machine.files.read_text("/usr/jails/basejail/bin/mine") == "kept"
    assert not machine.files.exists("/usr/jails/newjail/etc/mine")
    assert machine.files.read_text("/usr/jails/flavours/example/etc/make.conf") != "lost"
    assert machine.files.is_dir("/usr/jails/www/etc")


def test_a_server_is_asked_path_after_path(tmp_path):
    machine = make(tmp_path, FREE)
    result = ezjail(machine, f"install -h https://download.freebsd.org -r {RELEASE}")
    assert result.status == 0
    lines = [line for line in noise(result.stderr).splitlines() if line.startswith("fetch: ")]
    tried = [line.split("/")[3:6] for line in lines if "base.txz" in line]
    assert tried == [
        ["pub", "FreeBSD", "releases"],
        ["pub", "FreeBSD", "snapshot"],
        ["pub", "FreeBSD", "amd64"],
    ]
    assert machine.files.is_dir("/usr/jails/basejail/usr/lib32")
    assert not machine.files.exists("/usr/jails/ezjailtemp")


def test_without_h_the_setting_counts_and_then_ftp(tmp_path):
    machine = make(tmp_path, FREE, ezjail_conf='ezjail_ftphost="https://nowhere.example"\n')
    assert (
        "Could not fetch base from https://nowhere.example.\n"
        in ezjail(machine, f"install -r {RELEASE}").stderr
    )
    machine.files.write_text("/usr/local/etc/ezjail.conf", "")
    machine.faults.fetch_fails = True
    assert (
        "Could not fetch base from ftp://ftp.freebsd.org.\n"
        in ezjail(machine, f"install -r {RELEASE}").stderr
    )


def test_without_r_the_hosts_release_counts_without_its_patch_level(tmp_path):
    machine = make(tmp_path, FREE, release="14.1-RELEASE-p5")
    done(machine, "install -h https://download.freebsd.org")
    assert "14.1-RELEASE" in machine.files.read_text("/usr/jails/basejail/bin/freebsd-version")


def test_uname_r_stands_in_for_the_hosts_release(tmp_path):
    machine = make(tmp_path, FREE, release="14.1-RELEASE")
    call = call_of(machine, "ezjail-admin install -h https://download.freebsd.org")
    call.env, call.stdin_tty = {**call.env, "UNAME_r": RELEASE}, True
    assert _drive(call.run(call.argv)) == 0
    assert "13.2-RELEASE-p" in machine.files.read_text("/usr/jails/basejail/bin/freebsd-version")


def test_a_patch_level_in_the_release_is_not_taken_off(tmp_path):
    machine = make(tmp_path, FREE)
    result = ezjail(machine, "install -h https://download.freebsd.org -r 13.2-RELEASE-p3")
    assert "/13.2-RELEASE-p3/base.txz: Not Found" in result.stderr


def test_a_release_that_is_none_is_refused_before_staging(tmp_path):
    machine = make(tmp_path, PLAIN)
    result = ezjail(machine, "install -r banana")
    assert (result.status, result.stderr) == (
        1,
        "banana does not look like a valid FreeBSD version descriptor\n",
    )
    assert not machine.files.exists("/usr/jails/fulljail")


def test_a_damaged_set_stops_the_install(tmp_path):
    machine = make(tmp_path, PLAIN)
    machine.files.write_text("/dist/base.txz", set_text("base", RELEASE)[:-2])
    result = ezjail(machine, LOCAL)
    assert (result.status, result.stderr.splitlines()[-1]) == (
        1,
        "Error: Package install script for base failed.",
    )
    assert machine.files.is_dir("/usr/jails/fulljail")


@pytest.mark.parametrize(
    ("option", "path"), [("-s", "basejail/usr/src/Makefile"), ("-sm", "basejail/usr/src/Makefile")]
)
def test_sources_go_into_the_basejail(tmp_path, option, path):
    machine = make(tmp_path, PLAIN, distributions={"/dist/base.txz": RELEASE, "/dist/src.txz": RELEASE})
    result = ezjail(machine, f"install {option} -h file:///dist -r {RELEASE}")
    assert result.status == 0
    assert machine.files.exists(f"/usr/jails/{path}")
    assert ("Note: From FreeBSD 9.0 man pages are part of the base package" in result.stdout) == (
        "m" in option
    )


def test_sources_alone_need_no_template_and_leave_an_empty_fulljail(tmp_path):
    machine = make(tmp_path, READY, distributions={"/dist/src.txz": RELEASE})
    done(machine, f"install -S -h file:///dist -r {RELEASE}")
    assert machine.files.exists("/usr/jails/basejail/usr/src/Makefile")
    assert machine.files.names("/usr/jails/fulljail") == []


def test_a_secure_level_forbids_it(tmp_path):
    machine = make(tmp_path, PLAIN)
    machine.kernel.sysctls["kern.securelevel"] = "1"
    assert ezjail(machine, LOCAL).stderr == (
        "Error: You are running in a secure level higher than 0.\n"
        "  ezjail-admin will not install correctly.\n  Please reboot into a lower secure level.\n"
    )
    assert "will not update correctly" in ezjail(machine, "update -u").stderr


def test_extra_words_are_a_usage(tmp_path):
    machine = make(tmp_path, PLAIN)
    assert (
        ezjail(machine, "install now").stderr
        == "Usage: ezjail-admin install [-mMpPsS] [-h host] [-r release]\n"
    )
    assert ezjail(machine, "update now").stderr.startswith("Usage: ezjail-admin update [-s ")


def test_arm64_has_no_lib32(tmp_path):
    machine = make(tmp_path, FREE, arch="arm64")
    result = ezjail(machine, f"install -h https://download.freebsd.org -r {RELEASE}")
    assert result.status == 0
    assert "lib32" not in result.stdout + result.stderr
    assert "/arm64/aarch64/" in result.stderr


def test_killed_while_unpacking_it_leaves_fulljail(tmp_path):
    machine = make(tmp_path, PLAIN)
    asyncio.run(killed_after(machine, f"ezjail-admin {LOCAL}", 3))
    assert machine.files.is_dir("/usr/jails/fulljail/bin")
    assert not machine.files.exists("/usr/jails/newjail")
    assert not machine.files.exists("/usr/jails/basejail")


def test_killed_while_splitting_it_leaves_a_partial_basejail(tmp_path):
    machine = make(tmp_path, PLAIN)
    asyncio.run(killed_after(machine, f"ezjail-admin {LOCAL}", 45))
    assert machine.files.is_dir("/usr/jails/basejail/bin")
    assert not machine.files.exists("/usr/jails/basejail/usr/bin/env")
    assert machine.files.is_dir("/usr/jails/fulljail")
    assert ezjail(machine, "create www 'lo1|10.0.0.2/24'").status == 1
    done(machine, LOCAL, "create www 'lo1|10.0.0.2/24'")
    assert machine.files.exists("/usr/jails/basejail/usr/bin/env")


def test_killed_while_fetching_it_leaves_its_folder(tmp_path):
    machine = make(tmp_path, FREE)
    asyncio.run(
        killed_after(machine, f"ezjail-admin install -h https://download.freebsd.org -r {RELEASE}", 2)
    )
    assert machine.files.is_dir("/usr/jails/ezjailtemp")


def test_a_full_disk_stops_it_with_what_it_has(tmp_path):
    machine = make(tmp_path, PLAIN)
    call = call_of(machine, f"ezjail-admin {LOCAL}")
    work = call.run(call.argv)
    work.send(None)
    machine.faults.disk_full = True
    assert _drive(work) == 1
    assert "No space left on device" in call.sink_err.text
    assert call.sink_err.text.endswith("Error: Package install script for base failed.\n")


def test_with_zfs_the_trees_are_datasets_and_the_base_is_kept_in_a_snapshot(tmp_path, monkeypatch):
    machine = make(tmp_path, ZFS)
    monkeypatch.setattr(machine, "now", lambda: 1_800_000_000.0)
    names = [item.name for item in machine.kernel.datasets if item.name.startswith("zroot/ezjail")]
    assert sorted(names) == ["zroot/ezjail", "zroot/ezjail/basejail", "zroot/ezjail/newjail"]
    result = ezjail(machine, LOCAL)
    assert result.status == 0
    assert "cannot create 'zroot/ezjail/basejail': dataset already exists\n" in result.stderr
    assert len(machine.kernel.dataset("zroot/ezjail/basejail").snapshots) == 2
    assert machine.files.exists("/usr/jails/newjail/etc/rc")
    assert not machine.files.exists("/usr/jails/fulljail")


@pytest.mark.parametrize(
    ("changes", "stderr"),
    [
        ({"ezjail_conf": 'ezjail_use_zfs="YES"\n'}, UNSET),
        ({"pool": ""}, "Error: ZFS is not loaded or your ZFS version is not supported.\n"),
        (
            {"ezjail_conf": 'ezjail_use_zfs="YES"\nezjail_jailzfs="tank/j"\n'},
            "cannot open 'tank': no such pool\nError: Your zpool does not exist or is not online.\n",
        ),
    ],
)
def test_zfs_is_checked_first(tmp_path, changes, stderr):
    machine = make(tmp_path, replace(ZFS, basejail=""), **changes)
    result = ezjail(machine, LOCAL)
    assert (result.status, result.stderr) == (1, stderr)


def test_a_jail_folder_that_holds_something_is_in_zfs_way(tmp_path):
    machine = make(tmp_path, replace(ZFS, basejail=""))
    machine.files.write_text("/usr/jails/mine", "")
    assert ezjail(machine, LOCAL).stderr == (
        "Error: Can not create zfs at /usr/jails.\n  There is a non-empty directory in the way.\n"
    )


def test_zfs_that_is_not_enabled_is_warned_of(tmp_path):
    machine = make(tmp_path, ZFS)
    play(machine, "sysrc zfs_enable=NO")
    assert ezjail(machine, LOCAL).stdout.startswith("Warning: You should enable ZFS in /etc/rc.conf\n")


def test_update_build_says_that_there_is_no_compiler(tmp_path):
    machine = make(tmp_path, READY)
    machine.files.mkdir("/usr/src/sys", parents=True)
    assert "seems to be incomplete (Makefile is missing)" in ezjail(machine, "update -i").stderr
    machine.files.write_text("/usr/src/Makefile", "")
    result = ezjail(machine, "update -b")
    assert result.status == 1
    assert result.stderr == (
        "simulator: make is not played\nError: The command 'make buildworld installworld' failed.\n"
        "  Refer to the error report(s) above.\n"
    )


def test_setup_is_another_name_of_update(tmp_path):
    machine = make(tmp_path, READY)
    assert ezjail(machine, "setup").stderr.startswith("Error: No install action has been chosen.")
