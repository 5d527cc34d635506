from __future__ import annotations

import asyncio

import pytest

from tests.simulator.machines import READY, done, ezjail, killed_after, make

CONTROL = "/usr/local/etc/ezjail"
USAGE = (
    "Usage: ezjail-admin config [-r run|norun] [-n newname] [-c cpuset] [-z zfs-datasets] [-f fib] "
    "[-i attach|detach|fsck] jailname\n"
)
IMAGE = "create -i -s 1m img 'lo1|10.0.0.4/24'"


@pytest.fixture
def machine(tmp_path):
    machine = make(tmp_path, READY)
    done(machine, "create www 'lo1|10.0.0.2/24'")
    return machine


@pytest.mark.parametrize(
    "arguments", ["", "www", "-r run", "-r run www db", "-z '' www", "-Q www", "-i mend www"]
)
def test_nothing_to_do_is_a_usage(machine, arguments):
    result = ezjail(machine, f"config {arguments}")
    assert (result.status, result.stderr) == (1, USAGE)


def test_an_unknown_word_for_r_is_passed_over(machine):
    result = ezjail(machine, "config -r bogus www")
    assert (result.status, result.stdout, result.stderr) == (0, "", "")


def test_running_what_runs_changes_nothing(machine):
    before = machine.files.read_text(f"{CONTROL}/www")
    done(machine, "config -r run www")
    assert machine.files.read_text(f"{CONTROL}/www") == before


def test_a_fib_is_a_number(machine):
    result = ezjail(machine, "config -f pear www")
    assert (result.status, result.stderr) == (
        1,
        "[: pear: bad number\nError: fib number has to be an integer.\n",
    )


def test_a_rename_to_the_same_name_only_rewrites(machine):
    machine.files.append_text(f"{CONTROL}/www", 'export jail_www_mine="x"\n')
    result = ezjail(machine, "config -n www www")
    assert (result.status, result.stdout) == (0, "")
    assert "mine" not in machine.files.read_text(f"{CONTROL}/www")
    assert machine.files.is_dir("/usr/jails/www/etc")


def test_norun_is_carried_over_by_a_rename(machine):
    done(machine, "config -r norun www", "config -n db www")
    assert machine.files.names(CONTROL) == ["db.norun"]


def test_a_root_elsewhere_stays_where_it_is(machine):
    done(machine, "create -r /data/x far 'lo1|10.0.0.3/24'", "config -n near far")
    assert 'rootdir="/data/x"' in machine.files.read_text(f"{CONTROL}/near")
    assert (
        machine.files.read_text("/etc/fstab.near") == "/usr/jails/basejail /data/x/basejail nullfs ro 0 0\n"
    )


def test_a_rename_over_something_is_refused_before_anything_moves(machine):
    machine.files.mkdir("/usr/jails/db")
    result = ezjail(machine, "config -n db www")
    assert result.stderr == "Error: An object already exists at /usr/jails/db, cant rename.\n"
    assert machine.files.is_dir("/usr/jails/www/etc")


def test_after_a_hazardous_rename_the_jail_has_no_root(machine):
    done(machine, "create a.b 'lo1|10.0.0.3/24'")
    assert ezjail(machine, "config -n a-b a.b").status == 1
    assert (
        ezjail(machine, "onestart a.b").stdout
        == " Warning: root directory /usr/jails/a.b of a_b does not exist.\n"
    )


def test_a_reserved_name_puts_the_root_where_install_wipes_it(machine):
    assert ezjail(machine, "config -n fulljail www").status == 1
    done(machine, "install -h file:///dist -r 13.2-RELEASE")
    assert not machine.files.exists("/usr/jails/fulljail")
    assert not machine.files.exists("/usr/jails/www")


def test_additions_to_the_fstab_are_lost_by_a_rename(machine):
    machine.files.append_text("/etc/fstab.www", "/data /usr/jails/www/data nullfs rw 0 0\n")
    done(machine, "config -n db www")
    assert (
        machine.files.read_text("/etc/fstab.db")
        == "/usr/jails/basejail /usr/jails/db/basejail nullfs ro 0 0\n"
    )


def test_killed_it_leaves_a_temporary_file_that_list_shows(machine):
    asyncio.run(killed_after(machine, "ezjail-admin config -f 1 www", 1))
    assert len(machine.files.names(CONTROL)) == 2
    assert "DSN N/A  -" in ezjail(machine, "list").stdout


def test_images_are_attached_checked_and_detached(machine):
    done(machine, IMAGE, "config -i attach img")
    assert machine.files.readlink("/usr/jails/img.device") == "/dev/md0"
    assert ezjail(machine, "config -i attach img").stderr == (
        "Error: Jail image file /usr/jails/img.img already attached as /dev/md0.\n"
    )
    assert ezjail(machine, "config -n new img").stderr == (
        "Error: Jail image file /usr/jails/img.img is attached as /dev/md0.\n"
        "  'ezjail-admin config -i detach img' it first.\n"
    )
    assert ezjail(machine, "delete img").stderr == (
        "Error: Jail image file /usr/jails/img.img is attached as /dev/md0.\n"
        "  'ezjail-admin config -i detach img' it first, "
        "or use 'ezjail-admin delete -f img' to force detach.\n"
    )
    done(machine, "config -i detach img", "config -i fsck img")
    assert ezjail(machine, "config -i detach img").stderr == "Error: Jail image file img is not attached.\n"


def test_a_running_image_cannot_be_detached(machine):
    done(machine, IMAGE, "onestart img")
    assert ezjail(machine, "config -i detach img").stderr == (
        "Error: Jail img still running\n  Can not detach.\n  'ezjail-admin stop img' it first.\n"
    )
    done(machine, "onestop img")
    assert machine.kernel.mounted_under("/usr/jails/img") == []


def test_an_image_follows_a_rename(machine):
    done(machine, IMAGE, "config -n pic img")
    assert 'image="/usr/jails/pic.img"' in machine.files.read_text(f"{CONTROL}/pic")
    assert machine.files.read_text("/etc/fstab.pic").startswith(
        "/usr/jails/pic.device /usr/jails/pic ufs rw 0 0\n"
    )
    machine.files.remove("/usr/jails/pic.img")
    assert ezjail(machine, "config -i attach pic").stderr == (
        "mdconfig: /usr/jails/pic.img: No such file or directory\nError: Could not attach memory disc.\n"
    )


def test_an_image_of_another_name_stays(machine):
    done(machine, IMAGE)
    text = machine.files.read_text(f"{CONTROL}/img").replace("/usr/jails/img.img", "/data/img")
    machine.files.write_text(f"{CONTROL}/img", text)
    assert ezjail(machine, "config -n pic img").stdout.startswith(
        "Warning: Image file for jail pic remains /data/img, as it was not auto generated\n"
    )


def test_a_plain_jail_has_no_image(machine):
    assert ezjail(machine, "config -i attach www").stderr == "Error: Jail www not an image jail.\n"


@pytest.mark.parametrize("options", ["-w", "-wf"])
def test_an_images_file_goes_with_the_jail(machine, options):
    done(machine, IMAGE, f"delete {options} img")
    assert machine.files.names("/usr/jails") == ["basejail", "flavours", "newjail", "www"]
