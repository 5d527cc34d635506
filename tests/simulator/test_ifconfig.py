from __future__ import annotations

import pytest

from tests.simulator.machines import PLAIN, make, play


@pytest.fixture
def machine(tmp_path):
    return make(tmp_path, PLAIN)


def shown(machine, interface="lo1"):
    lines = play(machine, f"ifconfig -f inet:cidr,inet6:cidr {interface}").stdout.splitlines()
    return [line.split()[1] for line in lines if line.startswith("\tinet") and "fe80" not in line]


def test_aliases_are_further_lines_and_order_is_that_of_addition(machine):
    play(machine, "ifconfig lo1 inet 10.0.0.9/24 alias")
    play(machine, "ifconfig lo1 inet6 fd00::9 prefixlen 64 alias")
    play(machine, "ifconfig lo1 inet 10.0.0.8 netmask 255.255.255.255 alias")
    assert shown(machine) == ["10.0.0.1/24", "10.0.0.9/24", "10.0.0.8/32", "fd00::9/64"]


def test_the_same_address_again_changes_nothing_but_its_prefix(machine):
    assert play(machine, "ifconfig lo1 inet 10.0.0.1/32 alias").status == 0
    assert shown(machine) == ["10.0.0.1/32"]


@pytest.mark.parametrize("word", ["-alias", "delete", "remove"])
def test_addresses_are_taken_away(machine, word):
    assert play(machine, f"ifconfig lo1 inet 10.0.0.1 {word}").status == 0
    assert shown(machine) == []
    again = play(machine, f"ifconfig lo1 inet 10.0.0.1 {word}")
    assert (again.status, again.stderr) == (
        1,
        "ifconfig: ioctl (SIOCDIFADDR): Can't assign requested address\n",
    )


def test_without_alias_the_first_address_is_replaced(machine):
    play(machine, "ifconfig lo1 inet 10.0.0.9/24 alias")
    play(machine, "ifconfig lo1 inet 10.0.0.7/24")
    assert shown(machine) == ["10.0.0.9/24", "10.0.0.7/24"]


@pytest.mark.parametrize(
    ("words", "stderr"),
    [
        ("nosuch0", "ifconfig: interface nosuch0 does not exist\n"),
        ("lo1 inet banana alias", "ifconfig: banana: bad value\n"),
        ("lo1 inet fd00::1 alias", "ifconfig: fd00::1: bad value\n"),
        ("lo1 inet 10.0.0.9/99 alias", "ifconfig: 99: bad value (width too large)\n"),
        ("lo1 inet 10.0.0.9/x alias", "ifconfig: x: bad value\n"),
        ("lo1 inet 10.0.0.9 netmask pear alias", "ifconfig: pear: bad value\n"),
        ("lo1 inet 10.0.0.9/24 frobnicate", "ifconfig: frobnicate: bad value\n"),
        ("lo1 create", "ifconfig: SIOCIFCREATE2: File exists\n"),
        ("em0 create", "ifconfig: SIOCIFCREATE2: Invalid argument\n"),
        ("re0 destroy", "ifconfig: SIOCIFDESTROY: Invalid argument\n"),
    ],
)
def test_bad_words_are_refused_and_change_nothing(machine, words, stderr):
    before = play(machine, "ifconfig -a").stdout
    result = play(machine, f"ifconfig {words}")
    assert (result.status, result.stderr) == (1, stderr)
    assert play(machine, "ifconfig -a").stdout == before


def test_clones_are_made_and_destroyed(machine):
    assert play(machine, "ifconfig lo7 create").stdout == ""
    assert play(machine, "ifconfig lo create").stdout == "lo2\n"
    assert play(machine, "ifconfig bridge create").stdout == "bridge0\n"
    play(machine, "ifconfig lo7 destroy")
    assert play(machine, "ifconfig -l").stdout == "re0 lo0 lo1 lo2 bridge0\n"


def test_down_and_up(machine):
    play(machine, "ifconfig re0 down")
    assert "status: no carrier" in play(machine, "ifconfig re0").stdout
    assert play(machine, "ifconfig -l -u").stdout == "lo0 lo1\n"
    assert play(machine, "ifconfig -l -d").stdout == "re0\n"
    play(machine, "ifconfig re0 up")
    assert "flags=8843<UP," in play(machine, "ifconfig re0").stdout


def test_groups_and_hardware_addresses_can_be_asked_for(machine):
    assert play(machine, "ifconfig -g lo").stdout == "lo0\nlo1\n"
    assert play(machine, "ifconfig -l ether").stdout == "re0\n"


@pytest.mark.parametrize(
    ("form", "line"),
    [
        ("", "\tinet 192.0.2.7 netmask 0xffffff00 broadcast 192.0.2.255\n"),
        ("-f inet:cidr", "\tinet 192.0.2.7/24 broadcast 192.0.2.255\n"),
        ("-f inet:dotted", "\tinet 192.0.2.7 netmask 255.255.255.0 broadcast 192.0.2.255\n"),
    ],
)
def test_addresses_are_written_as_f_says(machine, form, line):
    assert line in play(machine, f"ifconfig {form} re0").stdout


def test_an_unknown_flag_is_a_usage(machine):
    assert play(machine, "ifconfig -z").stderr.startswith("usage: ifconfig")
    assert play(machine, "ifconfig -f").status == 1


def test_a_default_mask_is_that_of_the_class(machine):
    play(machine, "ifconfig lo1 inet 172.16.0.1 alias")
    play(machine, "ifconfig lo1 inet 10.1.0.1 alias")
    assert shown(machine)[1:] == ["172.16.0.1/16", "10.1.0.1/8"]
