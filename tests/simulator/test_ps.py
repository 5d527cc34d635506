from __future__ import annotations

import json

import pytest

from tests.simulator.machines import READY, done, make, play


@pytest.fixture
def machine(tmp_path):
    machine = make(tmp_path, READY)
    done(machine, "create www 'lo1|10.0.0.2/24'", "onestart www")
    return machine


def test_every_value_is_text_in_a_document(machine):
    document = json.loads(play(machine, "ps --libxo json -axwwo pid,jid,user,rss,command").stdout)
    rows = document["process-information"]["process"]
    assert all(isinstance(value, str) for row in rows for value in row.values())
    assert {row["jail-id"] for row in rows} == {"0", str(machine.kernel.jails[0].jid)}


def test_a_jails_processes_have_a_j(machine):
    result = play(machine, "ps -J www -o stat= -o command=")
    assert result.stdout == "SsJ /usr/sbin/syslogd -s\nIsJ /usr/sbin/cron -s\n"


def test_jids_and_names_select_alike(machine):
    jid = machine.kernel.jails[0].jid
    assert play(machine, f"ps -J {jid} -o pid").stdout == play(machine, "ps -J www -o pid").stdout
    assert play(machine, "ps -J 0 -o pid").status == 0


def test_no_match_is_a_heading_and_status_1(machine):
    result = play(machine, "ps -p 99999 -o pid,comm")
    assert (result.status, result.stdout) == (1, "PID COMMAND\n")


@pytest.mark.parametrize("name", ["9999", "nosuch"])
def test_an_unknown_jail_is_refused(machine, name):
    result = play(machine, f"ps -J {name} -o pid")
    assert (result.status, result.stderr) == (1, f"ps: Invalid jail id: {name}\n")


def test_selectors_are_joined_by_or(machine):
    assert len(play(machine, "ps -J www -p 1 -o pid=").stdout.splitlines()) == 3


def test_numbers_stand_right_under_their_heading(machine):
    lines = play(machine, "ps -p 1 -o pid,ppid,command").stdout.splitlines()
    assert lines == ["PID PPID COMMAND", "  1    0 /sbin/init"]


def test_old_style_letters_work(machine):
    assert play(machine, "ps aux").stdout.startswith("USER ")
    assert "/sbin/init" in play(machine, "ps aux").stdout


def test_unknown_columns_and_flags_are_usages(machine):
    assert play(machine, "ps -o nosuch").stderr.startswith("ps: nosuch: keyword not found\n")
    assert play(machine, "ps -k").status == 1


def test_a_process_in_a_jail_sees_its_jail_only(machine):
    jid = str(machine.kernel.jails[0].jid)
    result = play(machine, "jexec www ps -axo jid=")
    assert set(result.stdout.split()) == {jid}
