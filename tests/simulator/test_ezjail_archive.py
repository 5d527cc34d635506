from __future__ import annotations

import asyncio
import gzip

import pytest

from apps.simulator.cpio import Damaged, Member, pack, unpack
from tests.simulator.machines import READY, call_of, done, ezjail, killed_after, make

ARCHIVES = "/usr/jails/ezjail_archives"
WWW = "create www.example 'lo1|10.0.0.2/24'"
ONE_PLACE = (
    "Error: Must not specify an archive location for multiple archives.\n"
    "  Can not archive multiple jails into one archive.\n"
)
ALL_OR_SOME = (
    "Error: Must not specify an ezjail to backup with -A.\n"
    "  Please use either 'ezjail-admin archive -A' or 'ezjail-admin archive <args>'.\n"
)
SAVED = f"{ARCHIVES}/saved.tar.gz"


@pytest.fixture
def machine(tmp_path):
    machine = make(tmp_path, READY)
    done(machine, WWW)
    return machine


def test_an_archive_is_a_gzipped_cpio_of_settings_and_tree(machine):
    done(machine, "archive -a www_example-saved www.example")
    members = unpack(gzip.decompress(machine.files.read_bytes(f"{ARCHIVES}/www_example-saved.tar.gz")))
    paths = [member.path for member in members]
    assert paths[0].startswith("prop.ezjail-www_example-")
    assert paths[0].endswith("-alpha-13.2_RELEASE-amd64")
    assert paths[1:3] == ["fstab.ezjail", "ezjail"]
    assert "ezjail/etc/rc" in paths
    assert members[paths.index("ezjail/bin")].data == b"/basejail/bin"


def test_a_name_is_made_of_the_safe_name_and_the_time(machine, monkeypatch):
    monkeypatch.setattr(machine, "now", lambda: 1_800_000_000.0)
    done(machine, "archive www.example")
    assert machine.files.names(ARCHIVES) == ["www_example-202701150800.00.tar.gz"]


def test_mounts_below_the_root_stay_out(machine):
    done(machine, "onestart www.example", "archive -f -a saved www.example")
    paths = [member.path for member in unpack(gzip.decompress(machine.files.read_bytes(SAVED)))]
    assert not [path for path in paths if path.startswith("ezjail/basejail/")]


def test_it_can_go_to_standard_output(machine):
    call = call_of(machine, "ezjail-admin archive -a - www.example")
    with pytest.raises(StopIteration):
        call.run(call.argv).send(None)
    assert bytes(call.sink_out.data).startswith(b"\x1f\x8b")


def test_all_jails_can_be_archived(machine):
    done(machine, "create db 'lo1|10.0.0.3/24'", "archive -A -d /backup")
    assert [name.partition("-")[0] for name in machine.files.names("/backup")] == ["db", "www_example"]


@pytest.mark.parametrize(
    ("arguments", "stderr"),
    [
        (
            "archive",
            "Usage: ezjail-admin archive [-Af] [-a archive] [-d archivedir] jailname [jailname...]\n",
        ),
        ("archive nosuch", "Error: Nothing known about jail nosuch.\n"),
        ("archive -a x one two", ONE_PLACE),
        ("archive -A www.example", ALL_OR_SOME),
        (
            "archive -d /etc/rc.conf/x www.example",
            "Error: Can not create archive directory /etc/rc.conf/x.\n",
        ),
        ("restore", "Usage: ezjail-admin restore [-f] [-d archivedir] (archive|jailname)...\n"),
        ("restore /nosuch", "Error: Archive /nosuch not found.\n"),
        ("restore no.such", "Error: No archive for pattern no_such can be found.\n"),
    ],
)
def test_what_cannot_be_is_an_error(machine, arguments, stderr):
    result = ezjail(machine, arguments)
    assert (result.status, result.stderr) == (1, stderr)


def test_a_jail_without_a_root_cannot_be_archived(machine):
    machine.files.remove_tree("/usr/jails/www.example")
    assert ezjail(machine, "archive www.example").stderr == "Error: Can't cd to .\n"


def test_a_full_disk_is_a_warning_with_a_literal_backslash_and_status_0(machine):
    machine.files.mkdir(ARCHIVES)
    machine.faults.disk_full = True
    result = ezjail(machine, "archive www.example")
    assert result.status == 0
    text = "Warning: Archiving jail www.example was not completely successful."
    assert result.stdout.startswith(f"{text}\\n  Please refer")
    assert result.stdout.endswith(f"{text} For a running jail this is not unusual.\n")


def test_killed_it_leaves_a_truncated_file_of_the_last_name(machine):
    asyncio.run(killed_after(machine, "ezjail-admin archive -a saved www.example", 1))
    with pytest.raises(EOFError):
        gzip.decompress(machine.files.read_bytes(SAVED))
    assert (
        ezjail(machine, "restore saved.tar.gz").stderr == f"Error: File {SAVED} is not an ezjail archive.\n"
    )


def test_an_image_jail_is_attached_for_its_archive_and_detached_again(machine):
    done(machine, "create -i -s 1m img 'lo1|10.0.0.4/24'", "archive -a saved img")
    assert machine.files.exists(SAVED)
    assert machine.kernel.mounted_under("/usr/jails/img") == []


def archived(machine):
    done(machine, "archive -a www_example-saved www.example", "delete -w www.example")
    return f"{ARCHIVES}/www_example-saved.tar.gz"


def test_the_newest_archive_of_a_name_is_restored_and_prefixes_match(machine):
    archived(machine)
    done(machine, "restore www")
    assert machine.files.exists("/usr/jails/www.example/etc/rc")


def test_insecure_files_are_refused(machine):
    path = archived(machine)
    machine.files.write_bytes(path, machine.files.read_bytes(path), 0o664)
    assert ezjail(machine, f"restore {path}").stderr.startswith(
        f"Error: Insecure permissions for archive {path}.\n  Please check the file and fix permission"
    )


def test_an_archive_of_another_name_host_or_cpu_is_refused(machine):
    path = archived(machine)
    data = machine.files.read_bytes(path)
    machine.files.write_bytes(f"{ARCHIVES}/other.tar.gz", data)
    assert ezjail(machine, "restore other.tar.gz").stderr == (
        f"Error: Archive name {ARCHIVES}/other.tar.gz does not match archived jail www_example.\n"
    )
    machine.kernel.sysctls["kern.hostname"] = "elsewhere"
    refused = ezjail(machine, f"restore {path}")
    assert refused.stderr.startswith("Error: Archive was created on host named alpha.\n")
    done(machine, f"restore -f {path}")


def test_an_archive_of_a_norun_jail_never_fits_its_own_cpu(machine):
    done(machine, "config -r norun www.example")
    path = archived(machine)
    assert ezjail(machine, f"restore {path}").stderr.startswith(
        "Error: Archive was created on a different CPU. Can not restore.\n"
    )
    done(machine, f"restore -f {path}")
    assert machine.files.exists("/usr/local/etc/ezjail/www_example")


def test_an_archive_without_an_address_has_no_valid_settings(machine):
    path = "/usr/local/etc/ezjail/www_example"
    machine.files.write_text(path, machine.files.read_text(path).replace("lo1|10.0.0.2/24", ""))
    saved = archived(machine)
    assert ezjail(machine, f"restore {saved}").stderr == (
        "Error: Archive does not contain a valid ezjail properties file.\n"
        "  Some jails properties are missing.\n"
    )


def test_create_takes_an_archive_too(machine):
    path = archived(machine)
    done(machine, f"create -a {path} other 'lo1|10.0.0.5/24'")
    assert machine.files.exists("/usr/jails/other/etc/rc")
    machine.files.write_text("/bad.tar.gz", "no archive")
    refused = ezjail(machine, "create -a /bad.tar.gz third 'lo1|10.0.0.6/24'")
    assert refused.stderr.endswith("Error: Could not extract archive from /bad.tar.gz.\n")


def test_cpio_round_trip_and_damage():
    members = [Member("a", 0o100644, b"data"), Member("dir", 0o40755, b""), Member("é", 0o120777, b"/x")]
    data = pack(members)
    assert unpack(data) == members
    for end in (10, 80, len(data) - 1 - 76):
        with pytest.raises(Damaged):
            unpack(data[:end])
