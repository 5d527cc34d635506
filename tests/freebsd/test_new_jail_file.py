"""What create will write is foretold to the byte: held against captures, and the simulator's ezjail."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from apps.freebsd.commands import ezjail
from apps.freebsd.commands.new_jail import CreateOptions, Storage, size_bytes
from apps.freebsd.errors import InvalidInput
from apps.freebsd.new_jail_file import CONTROL, RC_SHUTDOWN, Defaults, changed, file_text, foretell
from apps.freebsd.values import AbsolutePath, JailAddresses, JailName
from tests.simulator.machines import READY, ZFS, make, play

CAPTURES = json.loads((Path(__file__).parents[1] / "fixtures" / "captures" / "ezjail.json").read_text())
BUILT = {
    "file-test": ("test", "lo0|10.0.0.2/24"),
    "file-two": ("two.example", "lo1|10.0.0.3/24,vtnet0|192.0.2.10/24"),
}
OWN_CONF = """ezjail_exec_stop="/bin/sh /etc/rc.shutdown jail"
ezjail_devfs_ruleset='7'
ezjail_procfs_enable=NO
ezjail_fib=0
ezjail_parameters="allow.raw_sockets=1"
"""


def text_of(name: JailName, addresses: JailAddresses, options: CreateOptions, conf: str = "") -> str:
    is_zfs, jailzfs = "use_zfs_for_jails" in conf, "zroot/ezjail" if "jailzfs" in conf else ""
    defaults = Defaults.read(conf, jaildir="/usr/jails", jailzfs=jailzfs, zfs_for_jails=is_zfs)
    return file_text(name, foretell(name, addresses, options, defaults))


@pytest.mark.parametrize("case", BUILT)
def test_the_file_of_a_real_host_is_foretold(case):
    captured = next(one["stdout"] for one in CAPTURES["cases"] if one["id"] == case)
    name, addresses = BUILT[case]
    assert text_of(JailName.parse(name), JailAddresses.parse(addresses), CreateOptions()) == captured


ALL_KINDS = {
    "plain": (READY, CreateOptions()),
    "own settings": (replace(READY, ezjail_conf=OWN_CONF), CreateOptions()),
    "elsewhere, blocking": (READY, CreateOptions(root=AbsolutePath("/data/jails/web.x"), blocking=True)),
    "image": (READY, CreateOptions(storage=Storage.IMAGE, size="1m")),
    "the host's datasets": (ZFS, CreateOptions(keep_snapshot=True)),
    "another dataset": (
        replace(ZFS, ezjail_conf='ezjail_jailzfs="zroot/ezjail"\n'),
        CreateOptions(storage=Storage.ZFS, parent="zroot"),
    ),
}


@pytest.mark.parametrize("case", ALL_KINDS)
def test_the_simulated_ezjail_writes_what_is_foretold(tmp_path, case):
    spec, options = ALL_KINDS[case]
    name, addresses = JailName.parse("web.x"), JailAddresses.parse("lo1|10.0.0.7/24,re0|192.0.2.9/24")
    machine = make(tmp_path, spec)
    words = " ".join(f"'{word}'" for word in ezjail.create(name, addresses, options=options).argv)
    assert play(machine, words).status == 0
    written = machine.files.read_text(f"{CONTROL}/{name.safe_name}")
    assert written == text_of(name, addresses, options, spec.ezjail_conf or "")


def test_one_value_changes_and_no_other_byte():
    name = JailName.parse("web")
    before = text_of(name, JailAddresses.parse("lo0|10.0.0.7/24"), CreateOptions())
    after = changed(before, name, [("exec_stop", RC_SHUTDOWN)])
    assert after == before.replace('exec_stop=""', f'exec_stop="{RC_SHUTDOWN}"')


@pytest.mark.parametrize(
    "conf", ["ezjail_exec_start=$(id)\n", "if true; then\nezjail_exec_stop=x\nfi\n", 'ezjail_fib="a\\$b"\n']
)
def test_what_the_hosts_shell_computes_is_not_foretold(conf):
    with pytest.raises(InvalidInput):
        text_of(JailName.parse("web"), JailAddresses.parse("lo0|10.0.0.7/24"), CreateOptions(), conf)


def test_a_value_that_root_would_run_is_refused():
    name = JailName.parse("web")
    before = text_of(name, JailAddresses.parse("lo0|10.0.0.7/24"), CreateOptions())
    with pytest.raises(InvalidInput):
        changed(before, name, [("cpuset", "$(id)")])


@pytest.mark.parametrize("text", ["", "0g", "10", "-1g", "10t", "1.5g", "10g\n", "10 g", "g"])
def test_a_size_is_a_number_and_a_unit(text):
    with pytest.raises(InvalidInput):
        size_bytes(text)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"storage": Storage.IMAGE}, "size"),
        ({"size": "10g"}, "size"),
        ({"storage": Storage.ZFS, "parent": "-x"}, "parent"),
        ({"parent": "zroot"}, "parent"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options, field):
    with pytest.raises(InvalidInput) as refused:
        CreateOptions(**options)
    assert refused.value.field == field
