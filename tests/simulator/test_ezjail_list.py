from __future__ import annotations

import pytest

from tests.simulator.machines import READY, ZFS, done, ezjail, make

CONTROL = "/usr/local/etc/ezjail"


@pytest.fixture
def machine(tmp_path):
    return make(tmp_path, READY)


def rows(machine):
    return ezjail(machine, "list").stdout.splitlines()[2:]


@pytest.mark.parametrize(
    ("address", "row"),
    [
        (
            "em0|2001:db8:1:9243::80",
            "DS  N/A  2001:db8:1:9243::80 six.example.com                /usr/jails/six.example.com",
        ),
        (
            "em0|10.0.0.7/24",
            "DS  N/A  10.0.0.7/24     six.example.com                /usr/jails/six.example.com",
        ),
    ],
)
def test_long_values_push_the_rest_to_the_right(machine, address, row):
    done(machine, f"create six.example.com '{address}'")
    assert rows(machine) == [row]


def test_a_jail_without_address_shows_a_dash(machine):
    done(machine, "create www 'lo1|10.0.0.2'")
    path = f"{CONTROL}/www"
    machine.files.write_text(path, machine.files.read_text(path).replace("lo1|10.0.0.2", ""))
    assert rows(machine) == ["DS  N/A  -               www                            /usr/jails/www"]


@pytest.mark.parametrize("name", ["foo.bak", "www.AbC123"])
def test_a_stray_file_is_a_phantom_row(machine, name):
    done(machine, "create www 'lo1|10.0.0.2'")
    machine.files.write_text(f"{CONTROL}/{name}", "")
    assert f"DSN N/A  -{' ' * 46}" in rows(machine)


def test_both_forms_of_a_file_are_two_rows_with_the_data_of_the_norun_one(machine):
    done(machine, "create www 'lo1|10.0.0.2'")
    text = machine.files.read_text(f"{CONTROL}/www")
    machine.files.write_text(f"{CONTROL}/www.norun", text.replace("10.0.0.2", "10.0.0.9"))
    assert [row.split()[:3] for row in rows(machine)] == [
        ["DSN", "N/A", "10.0.0.9"],
        ["DS", "N/A", "10.0.0.9"],
    ]


@pytest.mark.parametrize(
    ("options", "state", "spec"),
    [("", "DS", READY), ("-s 1m -i", "IS", READY), ("-z zroot/ezjail", "ZS", ZFS)],
)
def test_the_first_letter_is_the_kind(tmp_path, options, state, spec):
    machine = make(tmp_path, spec)
    done(machine, f"create {options} www 'lo1|10.0.0.2'")
    assert rows(machine)[0].split()[0] == state


def test_an_attached_image_shows_an_a(machine):
    done(machine, "create -i -s 1m www 'lo1|10.0.0.2'", "config -i attach www")
    assert rows(machine)[0].startswith("IA  N/A")


def test_a_stale_device_link_is_removed_by_looking(machine):
    done(machine, "create -i -s 1m www 'lo1|10.0.0.2'")
    machine.files.symlink("/dev/md0", "/usr/jails/www.device")
    assert rows(machine)[0].startswith("IS  N/A")
    assert not machine.files.lexists("/usr/jails/www.device")


def test_jails_come_in_the_order_of_their_requirements(machine):
    for name, address in (("aaa", 2), ("bbb", 3), ("ccc", 4)):
        done(machine, f"create {name} 'lo1|10.0.0.{address}'")
    for name, header in (("aaa", "# PROVIDE: aaa\n"), ("ccc", "# PROVIDE: ccc\n# REQUIRE: aaa\n")):
        path = f"{CONTROL}/{name}"
        exports = machine.files.read_text(path).partition("\n\n")[2]
        machine.files.write_text(path, f"{header}\n{exports}")
    assert [row.split()[3] for row in rows(machine)] == ["bbb", "aaa", "ccc"]


def test_rcorders_complaints_are_on_standard_error(machine):
    done(machine, "create www 'lo1|10.0.0.2'")
    path = f"{CONTROL}/www"
    machine.files.write_text(path, machine.files.read_text(path).replace("# REQUIRE: ", "# REQUIRE: nosuch"))
    assert ezjail(machine, "list").stderr == "rcorder: requirement `nosuch' in file `www' has no providers.\n"
