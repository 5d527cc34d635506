"""The firewall's commands and files: each form is accepted, nothing close to one; and what boot does."""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.hosts.agent.ipfw import AGENT, FOLDER, OLD, called, firewall, give_firewall
from tests.hosts.agent.test_agent_setup_commands import judge

__all__ = ["judge"]

IPFW, SYSRC, NEXT = "/sbin/ipfw", "/usr/sbin/sysrc", f"{FOLDER}/next.rules"
SWITCH = (AGENT, "switch-firewall")

ACCEPTED = [
    (IPFW, "-n", NEXT),
    (IPFW, "-q", NEXT),
    (IPFW, "-q", "set", "disable", "17"),
    (IPFW, "-q", "set", "disable", "18"),
    (IPFW, "-q", "set", "enable", "0"),
    (IPFW, "-q", "delete", "set", "0"),
    (IPFW, "-q", "delete", "set", "30"),
    (IPFW, "-q", "nat", "7", "delete"),
    (*SWITCH, "17", "0", "60"),
    (*SWITCH, "18", "17,0,5", "600"),
    ("/sbin/kldload", "ipfw"),
    ("/sbin/kldload", "ipfw_nat"),
    ("/bin/kenv", "net.inet.ip.fw.default_to_accept=1"),
    ("/bin/unlink", NEXT),
    ("/bin/unlink", f"{FOLDER}/next.globals"),
    (SYSRC, "firewall_enable=YES"),
    (SYSRC, f"firewall_script={AGENT}"),
    (SYSRC, "firewall_type=load-firewall"),
]
REFUSED = [
    (IPFW, "-n", f"{FOLDER}/next.globals"),  # -n does not hold for one_pass
    (IPFW, "-q", f"{FOLDER}/next.globals"),  # the switch alone does this
    (IPFW, "-q", f"{FOLDER}/ipfw.rules"),
    (IPFW, "-q", "/tmp/next.rules"),
    (IPFW, "-q", f"{FOLDER}/../next.rules"),
    (IPFW, "-q", "-p", "/bin/sh", NEXT),
    (IPFW, "-f", "flush"),
    (IPFW, "-q", "flush"),
    (IPFW, "-q", "add", "1", "deny", "ip", "from", "any", "to", "any"),
    (IPFW, "-q", "set", "enable", "18"),
    (IPFW, "-q", "set", "enable", "18", "disable", "17"),
    (IPFW, "-q", "set", "disable", "0"),
    (IPFW, "-q", "set disable", "17"),
    (IPFW, "-q", "delete", "set", "31"),
    (IPFW, "-q", "delete", "set", "-1"),
    (IPFW, "-q", "delete", "100"),
    (IPFW, "nat", "123", "delete"),
    (IPFW, "-q", "nat", "all", "delete"),
    (IPFW, "-q", "nat", "1 2", "delete"),
    (IPFW, "-q", "nat", "delete", "1"),
    (*SWITCH, "16", "0", "60"),
    (*SWITCH, "18", "18", "60"),
    (*SWITCH, "18", "17,31", "60"),
    (*SWITCH, "18", "17,,0", "60"),
    (*SWITCH, "18", "", "60"),
    (*SWITCH, "18", "17 0", "60"),
    (*SWITCH, "18", "17", "0"),
    (*SWITCH, "18", "17", "601"),
    (*SWITCH, "18", "17"),
    (AGENT, "load-firewall"),
    (AGENT, "version"),
    ("/sbin/kldload", "if_tap"),
    ("/sbin/kldload", "/tmp/ipfw"),
    ("/sbin/kldload", "ipfw", "ipfw_nat"),
    ("/bin/kenv", "net.inet.ip.fw.default_to_accept=0"),
    ("/bin/kenv", "-u", "net.inet.ip.fw.default_to_accept"),
    (SYSRC, "firewall_enable=NO"),
    (SYSRC, "firewall_script=/tmp/x"),
    (SYSRC, "firewall_type=open"),
    (SYSRC, "firewall_script+=/tmp/x"),
]
GOOD = {
    "next.rules": "add 00010 set 18 allow tcp from 192.0.2.9 to me 22 in\n"
    "add 65534 set 17 deny ip from any to any\n",
    "next.globals": "disable one_pass\nnat 123 config ip 203.0.113.10\n"
    "table jails create type addr missing or-flush\ntable jails add 10.0.0.0/24 0\n",
}
BAD = {
    "next.rules": [
        "add 10 allow ip from any to any\n",
        "add 10 set 5 allow ip from any to any\n",
        "add 10 set 18 allow ip from any to any\n-f flush\n",
        "flush\n",
        "nat 1 config ip 192.0.2.1\n",
        "add 10 set 18 allow ip from any to any\0\n",
        "add 10 set 18 allow ip from any to any\tin\n",
        "\nadd 10 set 18 allow ip from any to any\n",
        f"{'add 10 set 18 allow ip from any to any':4095}-f flush\n",  # ipfw reads 4095 bytes at once
    ],
    "next.globals": [
        "add 10 set 18 allow ip from any to any\n",
        "nat 123 delete\n",
        "table all destroy\n",
        "enable firewall\n",
        "disable one_pass firewall\n",
        "delete set 31\n",
        "# disable one_pass\n",
    ],
}


def test_each_form_is_accepted_and_nothing_close_to_it(judge):
    assert dict(zip(ACCEPTED, judge(ACCEPTED), strict=True)) == dict.fromkeys(ACCEPTED, True)
    assert dict(zip(REFUSED, judge(REFUSED), strict=True)) == dict.fromkeys(REFUSED, False)


def write(tree, name: str, text: str):
    data = text.encode()
    return tree.ask("write", f"{FOLDER}/{name}", "-", str(len(data)), "alice", "j-7", stdin=data)


def test_files_of_the_firewall_hold_nothing_but_rules(tree):
    for name, texts in BAD.items():
        for text in texts:
            answer = write(tree, name, text)
            assert (answer.returncode, answer.stderr) == (
                77,
                b"jailpanel-agent: this file holds a line that is no rule\n",
            ), text
        assert not (tree.root / FOLDER[1:] / name).exists()
    for name, text in GOOD.items():
        assert write(tree, name, text).stdout.decode().strip() == hashlib.sha256(text.encode()).hexdigest()
    assert write(tree, "ipfw.rules", GOOD["next.globals"] + GOOD["next.rules"]).returncode == 0
    assert write(tree, "other.rules", GOOD["next.rules"]).returncode == 77
    assert tree.start("run-00000002", "/bin/unlink", f"{FOLDER}/ipfw.rules").returncode == 77
    assert sorted(file.name for file in (tree.root / FOLDER[1:]).iterdir()) == ["ipfw.rules", *sorted(GOOD)]


@pytest.fixture
def host(tree):
    give_firewall(tree)
    return tree


def test_at_boot_the_kept_rules_take_the_place_of_all_others(host):
    host.file(f"{FOLDER}/ipfw.rules", GOOD["next.globals"] + GOOD["next.rules"])
    host.file("no-nat", "")
    assert host.ask("load-firewall").returncode == 0
    assert called(host)[:2] == ["flush", "set enable 0 17 18"]
    now = firewall(host)
    assert (now["one_pass"], now["flushed"], len(now["added"])) == ("0", True, 2)
    assert (host.root / "loaded").read_text() == "ipfw_nat\n"


@pytest.mark.parametrize(
    ("rules", "broken"),
    [(None, ""), ("flush\n", ""), (GOOD["next.rules"], "add 65534")],
    ids=["no file", "not the panel's", "fails half-way"],
)
def test_at_boot_ssh_is_let_in_where_the_rules_do_not_load(host, rules, broken):
    if rules:
        host.file(f"{FOLDER}/ipfw.rules", rules)
    if broken:
        host.file("fails", broken)
    host.file("/etc/ssh/sshd_config", "#Port 1\nPort 2222\n")
    answer = host.ask("load-firewall")
    assert answer.returncode == 74
    assert firewall(host)["added"][-4:] == [
        "1 allow tcp from any to me 22 in",
        "2 allow tcp from me 22 to any out",
        "1 allow tcp from any to me 2222 in",
        "2 allow tcp from me 2222 to any out",
    ]
    assert "verb=load-firewall failed" in host.log


def test_the_panel_cannot_ask_for_what_is_for_boot(host):
    answer = host.ask(env=host.env(SSH_ORIGINAL_COMMAND=" load-firewall"))
    assert (answer.returncode, firewall(host)["flushed"]) == (77, False)


@pytest.mark.parametrize("form", [("set", "disable"), ("delete", "set")])
def test_rules_in_force_are_taken_away_by_a_switch_only(host, form):
    rules = OLD | {"added": ["100 set 17 allow ip from any to any", "100 set 18 deny ip from any to any"]}
    host.file("fw.json", json.dumps(rules))
    for run, number in (("run-00000001", "17"), ("run-00000002", "18")):
        host.start(run, IPFW, "-q", *form, number)
    assert host.follow("run-00000001")[0].startswith(b"The rules of this set are in force")
    assert host.follow("run-00000002") == (b"", "exit 0", 0)
    assert " ".join((*form, "18")) in called(host)
    assert " ".join((*form, "17")) not in called(host)


def test_facts_say_where_the_panel_comes_from(tree):
    nonce = "0" * 32
    for client in ("192.0.2.9 50000 22", "fe80::1%em0 5 22"):
        env = tree.env(SSH_CLIENT=client, SSH_ORIGINAL_COMMAND=f"facts {nonce}")
        expected = client if "%" not in client else ""
        assert f"OUT client\n{expected}\n\n".encode() in tree.ask(env=env).stdout
