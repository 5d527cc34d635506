"""The shortcut that answers in process says, byte for byte, what the agent's script says."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import pytest

from apps.simulator import agent, inprocess
from apps.simulator.call import Buffer, Call
from apps.simulator.ssh_session import LOGIN
from tests.simulator.machines import PLAIN, READY, ZFS
from tests.simulator.served import NONCE, only_host, say, serving

JAILS = (
    "ezjail-admin create www 'lo1|10.0.0.2/24'",
    "ezjail-admin create two.example 'lo1|10.0.0.3/24,re0|192.0.2.10/24'",
    "ezjail-admin create away 'lo1|10.0.0.4/24'",
    "ezjail-admin onestart www",
    "ezjail-admin config -r norun away",
)
ODD = (
    "touch '/usr/local/etc/ezjail/odd name' /usr/local/etc/ezjail/.hidden /usr/local/etc/ezjail/x.bak",
    "ln -s /nowhere /usr/jails/dangling; ln -s /etc /usr/jails/flavours/linked; mkdir /usr/jails/flavours/a",
    "echo x > /usr/jails/file; mkdir '/usr/jails/odd name'; rm -rf /usr/jails/away",
    "printf '17' > /var/run/jail_unclosed.id; echo 007 > /var/run/jail_zeros.id; echo x > /var/run/jail_x.id",
    "echo ' 5 ' > /var/run/jail_blanks.id; ln -s jail_blanks.id /var/run/jail_link.id",
    "mkdir -p /usr/jails/flavours/a/etc; echo x > /usr/jails/flavours/a/etc/rc.conf",
    "chmod 755 /usr/jails/flavours/a/etc",
    "ln -s 'x -> y' /usr/jails/flavours/a/link; touch '/usr/jails/flavours/a/odd name'",
    "touch /usr/jails/flavours/a/.profile",
    "ln -s /etc/rc.conf /etc/fstab.link; mkdir /etc/fstab.folder; echo > /etc/fstab.",
    "mkdir /usr/jails/fulljail; ln -s 'a\tb' /usr/jails/ezjailtemp",
)
CONF = "ezjail_jaildir=\"/srv/jails\"  # elsewhere\nezjail_ftphost=\nexport ezjail_default_flavour='a b'\n"
HOSTS = {
    "without a basejail": (PLAIN, ()),
    "without ezjail": (replace(PLAIN, ezjail=False, lacks=frozenset({"/usr/local/bin/ezjail-admin"})), ()),
    "with a basejail": (READY, ()),
    "with jails": (READY, JAILS),
    "with oddities": (READY, JAILS + ODD),
    "on ZFS": (ZFS, JAILS),
    "with settings": (replace(READY, ezjail_conf=CONF), ("mkdir -p /srv/jails/flavours/one",)),
    "without ezjail.conf": (replace(PLAIN, ezjail_conf=None), ()),
}
MASKS = ((rb"(OUT now\n)\d+", rb"\1N"), (rb"vm\.loadavg=.*", b"vm.loadavg=N"))


def masked(data: bytes) -> bytes:
    for pattern, replacement in MASKS:
        data = re.sub(pattern, replacement, data)
    return data


async def through(answer, host, request: str) -> tuple[int, bytes, bytes]:
    out, err = Buffer(), Buffer()
    env = LOGIN | {"SSH_ORIGINAL_COMMAND": request}
    status = await answer(Call(("sh",), host.machine, out, err, env=env))
    return status, masked(bytes(out.data)), bytes(err.data)


async def never(_call):
    raise AssertionError("the script was asked")


def compare(folder, spec, lines, requests, monkeypatch):
    async def scenario():
        async with serving(folder, [spec]) as simulation:
            host = only_host(simulation)
            for line in lines:
                done = await host.run(line)
                assert done.status == 0, (line, done.stderr)
            by_script = [await through(agent.run, host, request) for request in requests]
            monkeypatch.setattr(agent, "run", never)
            return by_script, [await through(inprocess.run, host, request) for request in requests]

    return asyncio.run(scenario())


@pytest.mark.parametrize("name", HOSTS)
def test_facts_are_those_of_the_script(tmp_path, monkeypatch, name):
    spec, lines = HOSTS[name]
    by_script, in_process = compare(tmp_path, spec, lines, [f"facts {NONCE}"], monkeypatch)
    assert in_process[0][1].decode("latin-1").splitlines() == by_script[0][1].decode("latin-1").splitlines()
    assert in_process == by_script
    assert by_script[0][1].endswith(f"\n@@{NONCE} RC done 0\n".encode())


@pytest.mark.parametrize(
    "line",
    [
        "ezjail-admin onestop www",
        "ezjail-admin onestart two.example",
        "sysrc hostname=other ezjail_enable=NO",
        "ifconfig lo1 inet 10.0.0.9/24 alias",
        "hostname renamed",
        "rm /usr/local/bin/ezjail-admin",
    ],
)
def test_facts_follow_every_change(tmp_path, line):
    async def scenario():
        async with serving(tmp_path, [READY]) as simulation:
            host, request = only_host(simulation), f"facts {NONCE}"
            for before in JAILS:
                await host.run(before)
            old = await through(inprocess.run, host, request)
            assert (await host.run(line)).status == 0
            new = await through(inprocess.run, host, request)
            return old, new, await through(agent.run, host, request)

    old, new, by_script = asyncio.run(scenario())
    assert old != new == by_script


def test_version_and_files_are_those_of_the_script(tmp_path, monkeypatch):
    requests = ["version", "read /etc/rc.conf", "read /usr/local/etc/ezjail/www", "read /etc/fstab.www"]
    by_script, in_process = compare(tmp_path, READY, JAILS, requests, monkeypatch)
    assert in_process == by_script
    assert [status for status, _out, _err in by_script] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    "request_",
    [
        "read /etc/passwd",
        "read /etc/fstab.nosuch",
        "read /usr/local/etc/ezjail/../ezjail.conf",
        "facts short",
        "facts",
        "start x",
        "nonsense",
        "",
    ],
)
def test_what_is_refused_is_refused_by_the_script(tmp_path, request_):
    async def scenario():
        async with serving(tmp_path, in_process=True) as simulation:
            host = only_host(simulation)
            return await through(agent.run, host, request_), await through(inprocess.run, host, request_)

    by_script, by_either = asyncio.run(scenario())
    assert by_either == by_script
    assert by_script[0] in {64, 66, 77}


def test_settings_that_are_code_are_run_by_the_script(tmp_path):
    spec = replace(PLAIN, ezjail_conf="ezjail_jaildir=$(echo /srv/made)\n")

    async def scenario():
        async with serving(tmp_path, [spec], in_process=True) as simulation:
            return await say(only_host(simulation), f"facts {NONCE}")

    assert b"\njaildir=/srv/made\n" in asyncio.run(scenario()).stdout


def test_a_session_is_answered_in_process_when_asked_to(tmp_path, monkeypatch):
    async def scenario():
        async with serving(tmp_path, in_process=True) as simulation:
            monkeypatch.setattr(agent, "run", never)
            return await say(only_host(simulation), "version")

    said = asyncio.run(scenario())
    assert said.status == 0
    assert said.stdout.startswith(b"jailpanel-agent 1 ")
