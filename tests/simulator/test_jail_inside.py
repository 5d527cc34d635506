"""A jail's inside as the agent's looks and jobs find it: services, packages, logs."""

from __future__ import annotations

import asyncio

import pytest

from apps.freebsd.parsers import inside
from apps.freebsd.parsers.sections import parse_sections
from apps.simulator import packages
from tests.simulator.machines import READY, make, play
from tests.simulator.served import NONCE, only_host, say, serving

JEXEC = "jexec -l www"


@pytest.fixture
def machine(tmp_path):
    made = make(tmp_path, READY)
    for line in ("ezjail-admin create www 'lo1|10.0.0.2/24'", "ezjail-admin onestart www"):
        assert play(made, line).status == 0
    return made


def test_services_are_switched_started_and_stopped(machine):
    assert play(machine, f"{JEXEC} /usr/sbin/service sshd onestart").stdout == "Starting sshd.\n"
    assert "10.0.0.2:22" in play(machine, "sockstat -46lnqw -j www").stdout
    assert play(machine, f"{JEXEC} /usr/sbin/service sshd onestatus").status == 0
    assert play(machine, f"{JEXEC} /usr/sbin/service sshd stop").status == 1
    assert play(machine, f"{JEXEC} /usr/sbin/service sshd enable").status == 0
    assert "/etc/rc.d/sshd" in play(machine, f"{JEXEC} /usr/sbin/service -e").stdout
    assert play(machine, f"{JEXEC} /usr/sbin/service sshd stop").stdout.startswith("Stopping sshd.\n")
    assert play(machine, f"{JEXEC} /usr/sbin/service sshd onestatus").status == 1


def test_packages_come_go_and_are_audited(machine):
    assert play(machine, f"{JEXEC} /usr/sbin/pkg -N").status == 1
    assert play(machine, f"{JEXEC} /usr/bin/env ASSUME_ALWAYS_YES=yes /usr/sbin/pkg bootstrap").status == 0
    assert play(machine, f"{JEXEC} /usr/sbin/pkg install -y nginx curl").status == 0
    assert "/usr/local/etc/rc.d/nginx" in play(machine, f"{JEXEC} /usr/sbin/service -r").stdout
    assert play(machine, f"{JEXEC} /usr/sbin/pkg audit -q").status == 1
    assert play(machine, f"{JEXEC} /usr/sbin/pkg audit -F -q jailpanel-0").status == 0
    found = play(machine, f"{JEXEC} /usr/sbin/pkg audit -q")
    assert (found.status, found.stdout) == (1, "curl-8.11.1\n")
    assert play(machine, f"{JEXEC} /usr/sbin/pkg delete -y curl").status == 0
    said = play(machine, f"{JEXEC} /usr/sbin/pkg query -a '%n\\t%v\\t%a\\t%k\\t%sb\\t%c'").stdout
    assert [row.name for row in inside.parse_packages(said)] == ["ca_root_nss", "nginx", "pcre2", "pkg"]


def test_old_packages_are_upgraded(machine):
    files = machine.jail_files(machine.kernel.jail("www"))
    packages.put(files, "pkg", "nginx", version="1.0")
    files.mkdir("/usr/local/sbin", parents=True)
    files.write_bytes(packages.PKG, b"", 0o555)
    assert play(machine, f"{JEXEC} /usr/sbin/pkg upgrade -y nginx").status == 0
    have = packages.installed(files)
    assert (have["nginx"].version, have["pkg"].version) == ("1.26.2,3", "1.0")


def test_the_agent_looks_into_a_simulated_jail(tmp_path):
    async def scenario():
        async with serving(tmp_path, [READY]) as simulation:
            host = only_host(simulation)
            for line in ("ezjail-admin create www 'lo1|10.0.0.2/24'", "ezjail-admin onestart www"):
                assert (await host.run(line)).status == 0
            parts = "processes ports users services packages vulnerable logs"
            looked = await say(host, f"look {NONCE} www {parts}")
            tailed = await say(host, f"tail {NONCE} www messages 5")
            away = await say(host, f"look {NONCE} nosuch logs")
            return looked, tailed, away

    looked, tailed, away = asyncio.run(scenario())
    assert looked.status == 0, looked.stderr
    found = parse_sections(looked.stdout, NONCE)
    commands = [row.command for row in inside.parse_processes(found["processes"].text)]
    assert any("syslogd" in command for command in commands)
    assert inside.parse_logins(found["users"].text) == ()
    services = inside.parse_services(*(found[f"services-{key}"].text for key in ("all", "on", "running")))
    assert {row.name: row.running for row in services if row.enabled}["cron"] is True
    assert found["pkg"].status == 1
    assert "messages" in inside.parse_logs(found["logs"].text)
    assert "syslogd: restart" in parse_sections(tailed.stdout, NONCE)["log"].text
    assert (away.status, away.stdout) == (66, b"")
