from __future__ import annotations

import pytest

from tests.simulator.machines import PLAIN, READY, ZFS, done, ezjail, make, noise, play

CONTROL = "/usr/local/etc/ezjail"
USAGE = "Usage: ezjail-admin create ["
GONE = (
    "Error: A file or a non empty directory already exists at the specified jail root {0}.\n"
    "  Maybe you want to 'ezjail-admin create -x' an existing jail?\n"
    "  Please specify another jail root with the -r switch.\n"
)


@pytest.fixture
def machine(tmp_path):
    return make(tmp_path, READY)


CHECKS = {
    "": USAGE,
    "www": USAGE,
    "www ''": USAGE,
    "www 10.0.0.2 more": USAGE,
    "-Q www 10.0.0.2": USAGE,
    "-f": USAGE,
    "-c foo -s 1m www 10.0.0.2": USAGE,
    "-i www 10.0.0.2": "Error: Image jails need an image size.\n",
    "-c bde www 10.0.0.2": "Error: Image jails need an image size.\n",
    "-i -s banana www 10.0.0.2": "[: -gt: unexpected operator\n"
    "Error: The image size you specified is somehow incomprehensible (you specified banana).\n",
    "-z tank www 10.0.0.2": "Error: The variable ezjail_jailzfs needs to point a zfs ezjail can work in.\n"
    "  Set it in your ezjail.conf.\n",
    "newjail 10.0.0.2": "Error: Cannot name the jail newjail.\n"
    "  ezjail needs the newjail directory for its own administrative purposes.\n"
    "  Please rename the ezjail.\n",
    "-r basejail www 10.0.0.2": GONE.format("/usr/jails/basejail"),
    "-r /etc www 10.0.0.2": GONE.format("/etc"),
    "-f 'example no' www 10.0.0.2": "Error: Flavour config directory /usr/jails/flavours/no not found.\n"
    "  Refer to ezjail-admins man page for details on flavours.\n",
    "-x -a /a www 10.0.0.2": "Error: You can not restore an archive over an existing jail.\n"
    "  'ezjail-admin delete -w www' the old version first.\n",
    "-a /a -f example www 10.0.0.2": "Error: Cannot apply flavours to a jail being restored.\n",
    "-a /a www 10.0.0.2": "Error: No archive found at /a.\n",
}


@pytest.mark.parametrize("arguments", CHECKS)
def test_checks_come_before_anything_is_touched(machine, arguments):
    result = ezjail(machine, f"create {arguments}")
    assert result.status == 1
    assert result.stdout == ""
    assert result.stderr.startswith(CHECKS[arguments])
    assert machine.files.names("/usr/jails") == ["basejail", "flavours", "newjail"]
    assert not machine.files.exists(f"{CONTROL}/www")


def test_a_relative_jail_directory_is_refused(tmp_path):
    machine = make(tmp_path, PLAIN, ezjail_conf='ezjail_jaildir="jails"\nezjail_jailbase="/usr"\n')
    assert ezjail(machine, "create www 10.0.0.2").stderr == (
        "Error: Need an absolute path in ezjail_jaildir.\n  It is currently set to: jails.\n"
    )


def test_a_norun_jail_of_the_name_counts(machine):
    done(machine, "create www 'lo1|10.0.0.2'", "config -r norun www")
    assert f"already exists at {CONTROL}/www.\n" in ezjail(machine, "create www 'lo1|10.0.0.3'").stderr


def test_an_empty_root_is_taken(machine):
    machine.files.mkdir("/usr/jails/www")
    done(machine, "create www 'lo1|10.0.0.2'")


def test_a_file_in_the_roots_place_is_refused(machine):
    machine.files.write_text("/usr/jails/www", "")
    assert ezjail(machine, "create www 'lo1|10.0.0.2'").stderr == GONE.format("/usr/jails/www")


def test_x_registers_what_is_there_and_copies_nothing(machine):
    done(machine, "create www 'lo1|10.0.0.2'", "delete www")
    machine.files.remove("/usr/jails/www/etc/rc")
    result = ezjail(machine, "create -x www 'lo1|10.0.0.2/24'")
    assert (result.status, result.stdout, result.stderr) == (0, "", "")
    assert machine.files.is_file(f"{CONTROL}/www")
    assert not machine.files.exists("/usr/jails/www/etc/rc")


def test_a_root_outside_gets_a_link_and_delete_removes_it(machine):
    done(machine, "create -r /data/www www 'lo1|10.0.0.2'")
    assert machine.files.readlink("/usr/jails/www") == "/data/www"
    assert (
        machine.files.read_text("/etc/fstab.www") == "/usr/jails/basejail /data/www/basejail nullfs ro 0 0\n"
    )
    done(machine, "delete www")
    assert not machine.files.lexists("/usr/jails/www")
    assert machine.files.is_dir("/data/www/etc")


def test_a_taken_link_gets_a_suffix(machine):
    done(machine, "create -r /data/newjail www 'lo1|10.0.0.2'")
    links = [
        name for name in machine.files.names("/usr/jails") if machine.files.is_link(f"/usr/jails/{name}")
    ]
    assert len(links) == 1
    assert links[0].startswith("newjail.")


def test_a_relative_root_lies_in_the_jail_directory(machine):
    done(machine, "create -r other www 'lo1|10.0.0.2'")
    assert machine.files.is_dir("/usr/jails/other/etc")


def test_several_flavours_are_applied_in_order_and_scripts_are_numbered(machine):
    for name in ("one", "two"):
        machine.files.mkdir(f"/usr/jails/flavours/{name}/etc", parents=True)
        machine.files.write_text(f"/usr/jails/flavours/{name}/etc/which", name)
        machine.files.write_text(f"/usr/jails/flavours/{name}/ezjail.flavour", "#!/bin/sh\n")
    result = ezjail(machine, "create -f 'one two' www 'lo1|10.0.0.2/24'")
    assert result.stdout == (
        "Note: Shell scripts for flavour one installed, flavourizing on jails first startup.\n"
    )
    assert machine.files.read_text("/usr/jails/www/etc/which") == "two"
    assert machine.files.lstat("/usr/jails/www/ezjail.flavour.0000").st_mode & 0o777 == 0o755
    assert machine.files.exists("/usr/jails/www/ezjail.flavour.0001")
    assert "BEFORE: DAEMON" in machine.files.read_text("/usr/jails/www/etc/rc.d/ezjail-config")


def test_a_flavour_that_reaches_into_the_basejail_is_a_warning(machine):
    machine.files.mkdir("/usr/jails/flavours/bad/bin", parents=True)
    machine.files.write_text("/usr/jails/flavours/bad/bin/mine", "")
    result = ezjail(machine, "create -f bad www 'lo1|10.0.0.2/24'")
    assert (result.status, result.stdout) == (0, "Warning: Could not fully install flavour bad.\n")
    assert not machine.files.exists("/usr/jails/basejail/bin/mine")


def test_packages_of_a_flavour_are_copied_not_linked(machine):
    machine.files.mkdir("/usr/jails/flavours/p/pkg", parents=True)
    machine.files.write_text("/pkgs.txz", "package")
    machine.files.symlink("/pkgs.txz", "/usr/jails/flavours/p/pkg/a.txz")
    result = ezjail(machine, "create -f p www 'lo1|10.0.0.2/24'")
    assert machine.files.view("/usr/jails/www").read_text("/pkg/a.txz") == "package"
    assert noise(result.stderr) == ""


def test_a_default_flavour_counts_unless_one_is_named(tmp_path):
    machine = make(tmp_path, READY, ezjail_conf='ezjail_default_flavour="example"\n')
    done(machine, "create www 'lo1|10.0.0.2/24'")
    assert machine.files.exists("/usr/jails/www/usr/local/etc/sudoers")


@pytest.mark.parametrize(
    ("address", "stdout"),
    [
        ("192.0.2.7/24", "Warning: IP 192.0.2.7/24 not configured on a local interface.\n"),
        ("banana", "Warning: IP banana not configured on a local interface.\n"),
        ("lo1|banana", ""),
        ("lo1|10.0.0.2/24,re0|fd00::2/64", ""),
    ],
)
def test_addresses_are_warned_of_and_never_refused(machine, address, stdout):
    result = ezjail(machine, f"create www '{address}'")
    assert (result.status, result.stdout) == (0, stdout)
    assert f'jail_www_ip="{address}"' in machine.files.read_text(f"{CONTROL}/www")


def test_listeners_on_the_very_address_are_listed_first(machine):
    machine.files.append_text("/usr/jails/newjail/etc/rc.conf", 'sshd_enable="YES"\n')
    done(machine, "create db 'lo1|10.0.0.2'", "onestart db")
    out = ezjail(machine, "create www 10.0.0.2").stdout
    assert out.startswith(
        "Warning: Some services already seem to be listening on IP 10.0.0.2\n"
        "  This may cause some confusion, here they are:\nroot     sshd "
    )
    assert "Warning: Some services already seem to be listening on all IP, (including 10.0.0.2)\n" in out


def test_an_address_of_an_interface_that_is_down_counts_as_missing(machine):
    play(machine, "ifconfig lo1 down")
    assert "Warning: IP 10.0.0.1 not configured" in ezjail(machine, "create www 10.0.0.1").stdout


def test_an_image_jail_is_made_attached_and_detached_again(machine):
    result = ezjail(machine, "create -i -s 16m www 'lo1|10.0.0.2/24'")
    assert result.status == 0
    assert result.stdout == (
        "Creating jail image /usr/jails/www.img. This may take a while.\n"
        "Note: To administrate your image jail, attach it using the 'ezjail-admin config -i attach www' "
        "command.\n"
    )
    assert (
        machine.files.read_text("/etc/fstab.www").splitlines()[0]
        == "/usr/jails/www.device /usr/jails/www ufs rw 0 0"
    )
    assert not machine.files.lexists("/usr/jails/www.device")
    assert machine.kernel.mounted_under("/usr/jails/www") == []
    again = ezjail(machine, "create -x -i -r www two 'lo1|10.0.0.3/24'")
    assert again.status == 0


def test_an_image_file_in_the_way_is_not_written_over(machine):
    machine.files.write_text("/usr/jails/www.img", "mine")
    assert ezjail(machine, "create -i -s 1m www 'lo1|10.0.0.2'").stderr == (
        "Error: A file exists at /usr/jails/www.img.\n  Won't overwrite an existing image.\n"
    )


def test_an_encrypted_image_needs_a_terminal_to_ask_at(machine):
    result = ezjail(machine, "create -c eli -s 1m www 'lo1|10.0.0.2'")
    assert (result.status, result.stderr) == (
        1,
        (
            "geli: Missing -p flag or no terminal to ask for a passphrase.\n"
            "Error: Could not initialise crypto image.\n"
        ),
    )


def test_a_full_disk_leaves_a_partial_root_and_an_error(machine):
    machine.faults.disk_full = True
    result = ezjail(machine, "create www 'lo1|10.0.0.2'")
    assert result.status != 0
    assert not machine.files.exists(f"{CONTROL}/www")


@pytest.mark.parametrize(
    ("arguments", "stderr"),
    [
        (
            "-z tank www 10.0.0.2",
            "Error: The parent zfs dataset does not exist.\n  Use 'zfs create -p tank' to create it.\n",
        ),
        ("-x www 10.0.0.2", "Error: The existing destination is not a ZFS filesystem.\n"),
    ],
)
def test_checks_of_zfs(tmp_path, arguments, stderr):
    machine = make(tmp_path, ZFS)
    result = ezjail(machine, f"create {arguments}")
    assert (result.status, result.stderr) == (1, stderr)


def test_with_zfs_even_an_empty_folder_is_in_the_way(tmp_path):
    machine = make(tmp_path, ZFS)
    machine.files.mkdir("/usr/jails/www")
    assert (
        ezjail(machine, "create www 10.0.0.2").stderr
        == "Error: Could not create jail root mount point /usr/jails/www\n"
    )
