from __future__ import annotations

import pytest

from apps.simulator.provision import ROOT_ENV, _drive
from tests.simulator.machines import READY, call_of, done, ezjail, make, play

PORTS = "/usr/jails/basejail/usr/ports"


def run(machine, command, *, tty=True, term="xterm"):
    call = call_of(machine, command)
    call.stdin_tty, call.env = tty, {**ROOT_ENV, "TERM": term}
    return _drive(call.run(call.argv)), call.sink_out.text, call.sink_err.text


def test_ports_are_fetched_at_a_terminal_and_seen_in_jails(tmp_path):
    machine = make(tmp_path, READY)
    assert run(machine, "ezjail-admin install -P")[0] == 0
    done(machine, "create www 'lo1|10.0.0.2/24'", "onestart www")
    assert play(machine, "jexec www cat /usr/ports/Makefile").status == 0
    status, out, _err = run(machine, "ezjail-admin update -P")
    assert (status, "Building new INDEX files... done.\n" in out) == (0, True)


def test_without_a_terminal_there_is_no_tree(tmp_path):
    machine = make(tmp_path, READY)
    result = ezjail(machine, "install -P")
    assert result.status == 1
    assert result.stdout.startswith("portsnap fetch should not be run non-interactively.\n")
    assert result.stderr.endswith("Error: Updating ports failed.\n")
    assert not machine.files.exists(PORTS)


@pytest.mark.parametrize("term", ["", "dumb"])
def test_without_a_useful_term_it_runs_as_from_cron(tmp_path, term):
    machine = make(tmp_path, READY)
    assert run(machine, "ezjail-admin install -P", tty=False, term=term)[0] == 0
    assert machine.files.exists(f"{PORTS}/Makefile")


def test_a_fetch_that_fails_gives_no_tree(tmp_path):
    machine = make(tmp_path, READY)
    machine.faults.fetch_fails = True
    status, out, _err = run(machine, "portsnap fetch")
    assert status == 1
    assert out == (
        "Looking up portsnap.FreeBSD.org mirrors... none found.\n"
        "Fetching public key from portsnap.FreeBSD.org... failed.\nNo mirrors remaining, giving up.\n"
    )


def test_an_update_needs_an_extracted_tree(tmp_path):
    machine = make(tmp_path, READY)
    assert run(machine, "portsnap fetch update")[0] == 1
    assert run(machine, "portsnap extract update")[0] == 0


@pytest.mark.parametrize("command", ["portsnap", "portsnap -Z", "portsnap frobnicate"])
def test_bad_words_are_usages(tmp_path, command):
    machine = make(tmp_path, READY, basejail="")
    assert "usage: portsnap" in run(machine, command)[2]


def test_from_14_on_it_is_gone(tmp_path):
    machine = make(tmp_path, READY, basejail="", release="14.1-RELEASE")
    assert not machine.files.exists("/usr/sbin/portsnap")
