"""pkg: fetched where it is missing, and what it installs is there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.simulator import packages
from apps.simulator.provision import ROOT_ENV, _drive
from tests.simulator.machines import PLAIN, call_of, make, play

BARE = replace(PLAIN, ezjail=False, pkg=False)
YES = {**ROOT_ENV, "ASSUME_ALWAYS_YES": "yes"}


def run(machine, command, env=ROOT_ENV):
    call = call_of(machine, command)
    call.env = env
    return _drive(call.run(call.argv)), call.sink_out.text, call.sink_err.text


def test_without_the_real_pkg_nothing_is_installed_unless_someone_says_yes(tmp_path):
    machine = make(tmp_path, BARE)
    status, out, _err = run(machine, "pkg install -y ezjail")
    assert (status, "not yet installed" in out) == (1, True)
    assert run(machine, "pkg -N")[0] == 1
    status, out, _err = run(machine, "/usr/sbin/pkg bootstrap", YES)
    assert (status, out.splitlines()[-1]) == (0, "[1/1] Extracting pkg-1.21.3: .......... done")
    assert run(machine, "pkg -N")[1] == "pkg: 1 packages installed\n"
    assert "already bootstrapped" in run(machine, "pkg bootstrap", YES)[1]


def test_ezjail_is_there_once_it_is_installed(tmp_path):
    machine = make(tmp_path, replace(BARE, pkg=True, ezjail_conf="ezjail_jaildir=/srv\n"))
    assert run(machine, "ezjail-admin")[0] == 127
    assert "ezjail: 3.4.2_1" in run(machine, "pkg install -y ezjail")[1]
    assert "ezjail-admin v3.4.2" in play(machine, "ezjail-admin").stderr
    assert machine.files.read_text("/usr/local/etc/ezjail.conf") == "ezjail_jaildir=/srv\n"
    assert "most recent versions" in run(machine, "pkg install -y ezjail")[1]


def test_what_a_package_needs_comes_along(tmp_path):
    machine = make(tmp_path)
    assert play(machine, "pkg install -y bash").status == 0
    assert [name for name, package in packages.installed(machine.files).items() if package.automatic] == [
        "indexinfo",
        "readline",
    ]
    assert play(machine, "pkg info -e bash").status == 0
    assert play(machine, "pkg delete -y bash").status == 0
    assert play(machine, "pkg info -e bash").status == 1


@pytest.mark.parametrize(
    "command", ["pkg", "pkg frobnicate", "pkg install -y nosuch", "pkg -Z", "pkg install"]
)
def test_what_cannot_be_done_fails(tmp_path, command):
    assert play(make(tmp_path), command).status != 0


def test_without_a_network_nothing_comes(tmp_path):
    machine = make(tmp_path, BARE)
    machine.faults.fetch_fails = True
    assert run(machine, "pkg bootstrap", YES)[0] == 1
    other = make(tmp_path / "other", replace(BARE, pkg=True))
    other.faults.fetch_fails = True
    assert play(other, "pkg install -y ezjail").status == 1
