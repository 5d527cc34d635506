"""A hand-made ipfw for the agent's tests: what it is told changes a file, and it can be made to fail."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.hosts.agent.tree import Tree

FOLDER = "/usr/local/etc/jailpanel"
AGENT = "/usr/local/libexec/jailpanel-agent"
OLD: dict[str, Any] = {
    "disabled": [5, 18],
    "one_pass": "1",
    "nat": {"123": "ip 203.0.113.10 same_ports", "7": "ip 203.0.113.11"},
    "tables": {"jails": ["10.0.0.0/24 0", "10.0.9.0/24 5"], "other": ["192.0.2.1/32 0"]},
    "deleted": [],
    "flushed": False,
    "added": [],
}
GLOBALS = """disable one_pass
nat 123 config ip 203.0.113.10 same_ports redirect_port tcp 10.0.0.5:80 80
nat 124 config ip 203.0.113.12
table jails create type addr missing or-flush
table jails add 10.0.0.0/16
table fresh create type addr missing or-flush
table fresh add 192.0.2.7
"""
NEW: dict[str, Any] = OLD | {
    "disabled": [0, 5, 17],
    "one_pass": "0",
    "nat": {
        "123": "ip 203.0.113.10 same_ports redirect_port tcp 10.0.0.5:80 80",
        "7": "ip 203.0.113.11",
        "124": "ip 203.0.113.12",
    },
    "tables": {"jails": ["10.0.0.0/16 0"], "other": ["192.0.2.1/32 0"], "fresh": ["192.0.2.7 0"]},
}

_IPFW = r"""#!/usr/bin/python3 -IS
import json, os, signal, sys, time

root = sys.argv[0].removesuffix("/sbin/ipfw")
path = f"{root}/fw.json"
fw = json.load(open(path))
words = [word for word in sys.argv[1:] if word not in ("-q", "-f")]
with open(f"{root}/called", "a") as log:
    print(*words, file=log)
if os.path.exists(f"{root}/kill"):
    left = int(open(f"{root}/kill").read()) - 1
    open(f"{root}/kill", "w").write(str(left))
    if left <= 0:
        os.killpg(0, signal.SIGKILL)
if os.path.exists(f"{root}/kill-one"):
    left = int(open(f"{root}/kill-one").read()) - 1
    open(f"{root}/kill-one", "w").write(str(left))
    if left == 0:  # the shell that called, and this with it
        os.kill(os.getppid(), signal.SIGKILL)
        os._exit(137)
fails = open(f"{root}/fails").read() if os.path.exists(f"{root}/fails") else ""

def do(words):
    if fails and " ".join(words).startswith(fails):
        sys.exit("ipfw: it fails")
    match words:
        case ["set", "show"]:
            off, on = fw["disabled"], [n for n in range(31) if n not in fw["disabled"]]
            print(*(["disable", *off] if off else []), "enable", *on)
        case ["set", number, "list"]:
            if int(number) not in fw["disabled"]:
                print(*(f"{rule}" for rule in fw["added"] if f" set {number} " in rule), sep="\n", end="")
        case ["set", *rest]:
            for word in rest:
                if not word.isdigit():
                    verb = word
                elif verb == "disable":
                    fw["disabled"] = sorted({*fw["disabled"], int(word)})
                else:
                    fw["disabled"] = [n for n in fw["disabled"] if n != int(word)]
        case ["nat", "show", "config"]:
            for number, config in fw["nat"].items():
                print("ipfw nat", number, "config", config)
        case ["nat", number, "config", *rest]:
            fw["nat"][number] = " ".join(rest)
        case ["nat", number, "delete"]:
            del fw["nat"][number]
        case ["table", name, "list"]:
            if name not in fw["tables"]:
                print("ipfw: failed to request table info: No such process", file=sys.stderr)
                sys.exit(71)
            print(f"--- table({name}), set(0) ---", *fw["tables"][name], sep="\n")
        case ["table", name, "create" | "flush", *_]:
            fw["tables"][name] = []
        case ["table", name, "add", key, *value]:
            fw["tables"][name].append(f"{key} {value[0] if value else 0}")
        case ["table", name, "destroy"]:
            del fw["tables"][name]
        case ["enable" | "disable" as verb, "one_pass"]:
            fw["one_pass"] = str(int(verb == "enable"))
        case ["delete", "set", number]:
            fw["deleted"].append(int(number))
        case ["flush"]:
            fw["flushed"] = True
        case ["add", *rest]:
            fw["added"].append(" ".join(rest))
        case [file] if file.startswith("/"):
            for line in open(root + file):
                do(line.split())
        case _:
            sys.exit(f"ipfw: bad command `{words}'")

if os.path.exists(f"{root}/slow") and words[:2] == ["set", "disable"]:
    time.sleep(1)  # this takes the rules back
try:
    do(words)
finally:
    json.dump(fw, open(path + ".new", "w"))
    os.rename(path + ".new", path)
"""
_SYSCTL = r"""#!/bin/sh
root=${0%/sbin/sysctl}
case $2 in
net.inet.ip.fw.one_pass) sed 's/.*"one_pass": "\(.\)".*/\1/' "$root/fw.json" ;;
*) cat "$root/boottime" ;;
esac
"""


def give_firewall(tree: Tree) -> None:
    """Let a host have a firewall, and the panel's next globals lie there."""
    tree.tool("sbin/ipfw", _IPFW)
    tree.tool("sbin/sysctl", _SYSCTL)
    tree.tool("sbin/kldstat", '#!/bin/sh\n[ ! -e "${0%/sbin/kldstat}/no-nat" ] || exit 1\n')
    tree.tool("sbin/kldload", '#!/bin/sh\necho "$1" >>"${0%/sbin/kldload}/loaded"\n')
    tree.file("fw.json", json.dumps(OLD))
    tree.file(f"{FOLDER}/next.globals", GLOBALS)


def firewall(tree: Tree) -> dict[str, Any]:
    """Return what the host's firewall is now."""
    return json.loads((tree.root / "fw.json").read_text())  # type: ignore[no-any-return]


def called(tree: Tree) -> list[str]:
    return (tree.root / "called").read_text().splitlines()
