"""ipfw on a simulated host: rules come, are counted, listed and go; sets, NAT instances and tables."""

from __future__ import annotations

import asyncio
import re
import time

import pytest

from apps.simulator.ipfw.model import DynamicState, loaded
from tests.simulator.machines import PLAIN, call_of, make, play

ANY = "ip from any to any"
DEFAULT = "65535 allow ip from any to any\n"


@pytest.fixture(scope="module")
def one_machine(tmp_path_factory):
    return make(tmp_path_factory.mktemp("ipfw"), PLAIN)


@pytest.fixture
def host(one_machine):
    one_machine.kernel.ipfw = loaded(allows=True)
    one_machine.kernel.modules = list(PLAIN.modules)
    return one_machine


def said(host, *commands: str) -> list[str]:
    """Give what the last of the commands printed, as lines; all must work."""
    done = None
    for command in commands:
        done = play(host, command)
        assert (done.status, done.stderr) == (0, ""), command
    assert done
    return done.stdout.splitlines()


def refused(host, command: str) -> tuple[int, str]:
    done = play(host, command)
    assert done.stdout == ""
    return done.status, done.stderr


def test_numbers_are_the_next_and_the_same_go_behind(host):
    assert said(host, f"ipfw add count {ANY}") == [f"00100 count {ANY}"]
    said(host, "sysctl net.inet.ip.fw.autoinc_step=7")
    assert said(host, f"ipfw add count {ANY}") == [f"00107 count {ANY}"]
    said(host, f"ipfw add 65530 set 3 allow {ANY}")
    assert said(host, f"ipfw add deny {ANY}") == [f"65530 deny {ANY}"]
    assert said(host, "ipfw list 65530-65534") == [f"65530 allow {ANY}", f"65530 deny {ANY}"]


def test_one_argument_is_split_and_words_are_joined_at_commas(host):
    assert said(host, f"ipfw 'add 5 allow {ANY} 80, 81  # why'") == [f"00005 allow {ANY} 80,81"]
    assert said(host, "ipfw 7 add allow tcp from any to any 80, 81, 82") == [
        "00007 allow tcp from any to any 80,81,82"
    ]
    assert refused(host, "ipfw '# nothing'")[0] == 64


def test_abbreviations_are_warned_of(host):
    done = play(host, f"ipfw ad 1 allow {ANY}")
    assert (done.status, done.stdout) == (0, f"00001 allow {ANY}\n")
    assert done.stderr == "ipfw: DEPRECATED: 'ad' matched 'add' as a sub-string\n"
    assert play(host, "ipfw l 1").stdout == f"00001 allow {ANY}\n"


def test_commands_that_are_none(host):
    assert refused(host, "ipfw banana") == (64, "ipfw: bad command `banana'\n")
    assert refused(host, "ipfw") == (
        64,
        'ipfw: usage: ipfw [options]\ndo "ipfw -h" or "man ipfw" for details\n',
    )
    assert refused(host, "ipfw -q") == (64, "ipfw: bad arguments, for usage summary ``ipfw''\n")
    assert refused(host, "ipfw -Z list") == (64, "ipfw: illegal option -- Z\n")
    assert refused(host, "ipfw set 40 list")[0] == 65
    assert refused(host, "ipfw list x") == (64, "ipfw: invalid rule number: x\n")


def test_delete_takes_all_of_a_number_or_those_of_a_set(host):
    said(host, f"ipfw -q add 10 set 1 allow {ANY}", f"ipfw -q add 10 set 2 deny {ANY}")
    assert said(host, "ipfw set 1 delete 10", "ipfw list 10") == [f"00010 deny {ANY}"]
    assert said(host, "ipfw delete set 2", "ipfw list") == [DEFAULT.strip()]
    assert refused(host, "ipfw delete 10-20") == (0, "ipfw: no rules in 10-20 range\n")
    assert refused(host, "ipfw -q delete 10") == (0, "")
    assert refused(host, "ipfw delete 65535") == (0, "ipfw: rule 65535 not found\n")
    assert said(host, f"ipfw -q add 11 allow {ANY}", f"ipfw -q add 12 allow {ANY}", "ipfw delete 11 12") == []


def test_deleting_at_a_terminal_fails_where_there_is_nothing(host):
    call = call_of(host, "ipfw delete 10")
    call.stdin_tty = True
    assert asyncio.run(call.run(call.argv, stdin_tty=True)) == 69


@pytest.mark.parametrize(("answer", "left"), [(b"y\n", 1), (b"n\n", 2)])
def test_flush_asks_at_a_terminal(host, answer, left):
    async def typed():
        return answer

    said(host, f"ipfw add 1 allow {ANY}")
    call = call_of(host, "ipfw flush")
    assert asyncio.run(call.run(call.argv, stdin_tty=True, read=typed)) == 0
    assert len(host.kernel.ipfw.rules) == left


def test_the_last_set_survives_a_flush_and_cannot_be_switched_off(host):
    said(host, f"ipfw -q add 1 set 31 allow {ANY}", f"ipfw -q add 2 allow {ANY}", "ipfw -q -f flush")
    said(host, "ipfw set disable 31")
    assert said(host, "ipfw list") == [f"00001 allow {ANY}", DEFAULT.strip()]
    assert said(host, "ipfw delete set 31", "ipfw list") == [DEFAULT.strip()]


def test_sets_are_switched_in_one_step_swapped_and_moved(host):
    said(host, f"ipfw -q add 1 set 17 allow {ANY}", f"ipfw -q add 2 set 18 deny {ANY}", "ipfw set disable 18")
    said(host, "ipfw set enable 18 disable 17")
    assert host.kernel.ipfw.disabled == [17]
    assert said(host, "ipfw -S set 17 list") == [f"# DISABLED 00001 set 17 allow {ANY}"]
    assert said(host, "ipfw set swap 17 18", "ipfw -S list 1") == [f"00001 set 18 allow {ANY}"]
    assert said(host, "ipfw set move rule 1 to 5", "ipfw -S list 1") == [f"00001 set 5 allow {ANY}"]
    assert said(host, "ipfw set 5 flush") == ["Flushed all rules."]
    assert refused(host, "ipfw list 1") == (69, "ipfw: rule 1 does not exist\n")


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("set", "set needs command"),
        ("set swap 1", "set swap needs 2 set numbers\n"),
        ("set swap 1 x", "invalid set number x\n"),
        ("set move 1 2", "syntax: set move [rule] X to Y\n"),
        ("set move 32 to 1", "invalid source number 32\n"),
        ("set enable 32", "invalid set number 32\n"),
        ("set enable x", "invalid set command x\n"),
        ("set banana", "invalid set command banana\n"),
    ],
)
def test_sets_that_are_none(host, command, text):
    assert refused(host, f"ipfw {command}")[1] == f"ipfw: {text}\n"


def test_counters_times_and_their_columns(host):
    said(host, f"ipfw -q add 1 allow {ANY}", f"ipfw -q add 2 set 3 deny {ANY}", "ipfw set disable 3")
    first, second = host.kernel.ipfw.rules[:2]
    first.packets, first.bytes, first.last_match = 12, 3456, 1_700_000_000
    second.packets = 1000
    assert said(host, "ipfw -a list 1-2") == [f"00001   12 3456 allow {ANY}"]
    assert said(host, "ipfw show 1") == [f"00001 12 3456 allow {ANY}"]
    assert said(host, "ipfw -aTS list 1-2") == [
        f"00001   12 3456 1700000000 set 0 allow {ANY}",
        f"# DISABLED 00002 1000    0          0 set 3 deny {ANY}",
    ]
    assert said(host, "ipfw -t list 1") == [f"00001 {time.ctime(1_700_000_000)} allow {ANY}"]
    assert said(host, "ipfw zero 1 2") == ["Entry 1 cleared.", "Entry 2 cleared."]
    assert (first.packets, first.bytes, first.last_match) == (0, 0, 0)
    assert play(host, "ipfw zero 9").stdout == "Entry 9 not found\n"
    assert said(host, "ipfw zero") == ["Accounting cleared."]
    assert said(host, "ipfw resetlog") == ["Logging counts reset."]
    assert said(host, "ipfw resetlog 1") == ["Entry 1 logging count reset."]
    assert refused(host, "ipfw zero x") == (64, "ipfw: invalid rule number ``x''\n")


def test_short_forms_of_a_listing(host):
    said(host, f"ipfw -q add 1 count log {ANY} // why", "ipfw -q add 2 deny tcp from any to me 22")
    assert said(host, "ipfw -c list 1-2") == ["00001 count log // why", "00002 deny tcp from any to me 22"]
    assert said(host, "ipfw -b list 1-2") == ["00001 count // why", "00002 deny"]


def test_states_are_listed_below_and_go_with_their_rule(host):
    said(host, "ipfw -q add 400 allow tcp from me to any setup keep-state")
    parent, now = host.kernel.ipfw.rules[0].id, host.now()
    ends = ("10.0.0.5", 51000, "192.0.2.80", 80)
    host.kernel.ipfw.states = [
        DynamicState(parent, "STATE", 6, *ends, packets=5, bytes=420, expires=now + 299.9),
        DynamicState(parent, "STATE", 6, *ends, expires=now - 1),
        DynamicState(parent, "PARENT", 6, "10.0.0.5", 0, "192.0.2.80", 0, expires=now + 1.9, count=2),
    ]
    assert said(host, "ipfw -d list 400")[1:] == [
        "## Dynamic rules:",
        "00400 STATE tcp 10.0.0.5 51000 <-> 192.0.2.80 80 :default",
        "",
        "00400 PARENT 2 tcp 10.0.0.5 0 <-> 192.0.2.80 0 :default",
    ]
    assert said(host, "ipfw -aD list")[:2] == [
        "## Dynamic rules (3 420):",
        "00400 5 420 (299s) STATE tcp 10.0.0.5 51000 <-> 192.0.2.80 80 :default",
    ]
    said(host, "ipfw delete 400")
    assert host.kernel.ipfw.states == []


def test_nothing_is_changed_by_a_test(host):
    said(host, f"ipfw -q add 1 allow {ANY}", "ipfw -q table t create", "ipfw -q nat 1 config ip 192.0.2.7")
    for command in ("-n set disable 3", "-n -f flush", "-n zero", "-n delete 1", "-n nat 1 delete"):
        assert play(host, f"ipfw {command}").status == 0
    said(host, "ipfw -n table t destroy", f"ipfw -n add allow {ANY}", "ipfw -n set swap 1 2")
    assert said(host, f"ipfw -n add allow {ANY}") == [f"00000 allow {ANY}"]
    assert play(host, "ipfw -n list").stderr == "Testing only, list disabled\n"
    ipfw = host.kernel.ipfw
    assert (len(ipfw.rules), len(ipfw.nats), len(ipfw.tables), ipfw.disabled) == (2, 1, 1, [])


def test_a_file_stops_at_the_first_wrong_line_and_keeps_what_was_done(host):
    lines = [
        "# all of it",
        "",
        f"add 1 allow {ANY}  # in",
        "-q add 2 set 5 count ip from any to any",
        "set x",
    ]
    host.files.write_text("/tmp/rules", "\n".join([*lines, f"add 3 deny {ANY}"]))
    done = play(host, "ipfw /tmp/rules")
    assert (done.status, done.stdout) == (64, f"00001 allow {ANY}\n")
    assert done.stderr == "Line 5: invalid set command x\n\n"
    assert [rule.number for rule in host.kernel.ipfw.rules] == [1, 2, 65535]
    assert play(host, "ipfw -q /tmp/none").stderr == "ipfw: pathname: /tmp/none: No such file or directory\n"


def test_a_file_is_only_looked_at_with_n(host):
    host.files.write_text("/tmp/rules", f"add 1 allow {ANY}\nnat 1 config ip 192.0.2.7\nset enable 3\n")
    assert said(host, "ipfw -n /tmp/rules") == [f"00001 allow {ANY}"]
    assert said(host, "ipfw list") == [DEFAULT.strip()]


@pytest.mark.parametrize(
    ("command", "status", "text"),
    [
        (f"add 1 allow {ANY}", 69, "getsockopt(IP_FW_XADD): Protocol not available"),
        ("list", 71, "retrieving config failed: Protocol not available"),
        ("set show", 71, "requesting config failed: Protocol not available"),
        ("-f flush", 69, "setsockopt(IP_FW_XDEL): Protocol not available"),
        ("table all list", 71, "failed to request table info: Protocol not available"),
        ("nat 1 show config", 71, "Error getting nat 1 instance info: Protocol not available"),
        ("nat 1 config ip 192.0.2.7", 1, "setsockopt(IP_FW_NAT44_XCONFIG): Protocol not available"),
    ],
)
def test_without_the_module(host, command, status, text):
    host.kernel.modules = []
    assert refused(host, f"ipfw {command}") == (status, f"ipfw: {text}\n")


def test_without_the_module_of_nat(host):
    host.kernel.modules = ["ipfw"]
    assert refused(host, "ipfw nat 1 config ip 192.0.2.7") == (
        1,
        "ipfw: setsockopt(IP_FW_NAT44_XCONFIG): Invalid argument\n",
    )
    refusal = "ipfw: getsockopt(IP_FW_XADD): Invalid argument\n"
    assert refused(host, "ipfw add 1 nat 1 ip4 from any to any") == (69, refusal)
    assert said(host, "ipfw -n add 1 nat 1 ip4 from any to any") == ["00001 nat 1 ip4 from any to any"]


def test_the_kernels_limit_of_the_log_is_part_of_a_rule(host):
    said(host, "sysctl net.inet.ip.fw.verbose_limit=100")
    assert said(host, f"ipfw add 1 deny log {ANY}") == [f"00001 deny log logamount 100 {ANY}"]
    said(host, "sysctl net.inet.ip.fw.verbose_limit=0")
    assert said(host, f"ipfw add 2 deny log {ANY}") == [f"00002 deny log {ANY}"]


def test_jails_may_not(host):
    call = call_of(host, "ipfw list")
    assert asyncio.run(call.run(call.argv, jid=1)) == 69


def test_switches_are_the_kernels(host):
    said(host, "ipfw disable firewall", "ipfw disable one_pass", "ipfw disable verbose")
    ipfw = host.kernel.ipfw
    assert (ipfw.enabled, ipfw.enabled6, ipfw.one_pass, ipfw.verbose) == (False, False, False, False)
    assert said(host, "sysctl -n net.inet.ip.fw.enable net.inet.ip.fw.one_pass") == ["0", "0"]
    said(host, "ipfw enable firewall", "sysctl net.inet.ip.fw.one_pass=1", "ipfw enable debug")
    assert (ipfw.enabled, ipfw.enabled6, ipfw.one_pass) == (True, True, True)
    assert "unrecognize enable/disable keyword: x" in play(host, "ipfw enable x").stderr
    assert said(host, "sysctl -n net.inet.ip.fw.static_count") == ["1"]


NATS = [
    "if re0 redirect_port tcp 10.0.0.2:ssh 2222",
    "ip 192.0.2.7 log same_ports udp_eim",
    "ip 0.0.0.0 reverse proxy_only unreg_cgn skip_global",
    "ip 192.0.2.7 redirect_port udp 10.0.0.2:53 192.0.2.8:53 198.51.100.1:1024",
    "ip 192.0.2.7 redirect_port tcp 10.0.0.3:80,10.0.0.2:80 80 198.51.100.1",
    "ip 192.0.2.7 redirect_proto gre 10.0.0.2 192.0.2.7 198.51.100.1",
    "ip 192.0.2.7 redirect_addr 10.0.0.3,10.0.0.2 192.0.2.8 redirect_port sctp 10.0.0.2:90 90",
]


@pytest.mark.parametrize("options", NATS)
def test_instances_read_what_they_print(host, options):
    typed = options.replace("10.0.0.2:90 90", "10.0.0.2 90")
    line = said(host, f"ipfw nat 7 config {typed}")[0]
    if "sctp" not in options:
        said(host, "ipfw nat 7 delete")
        again = said(host, line)[0]
        assert sorted(re.split("[ ,]", again)) == sorted(re.split("[ ,]", line))
    assert said(host, "ipfw nat show config") == said(host, "ipfw nat 7 show config")


def test_redirects_and_pools_come_back_in_reversed_order(host):
    assert said(
        host,
        "ipfw nat 1 config redirect_port tcp 10.0.0.2:80,10.0.0.3:81 80 redirect_addr 10.0.0.4 192.0.2.9",
    ) == ["ipfw nat 1 config redirect_addr 10.0.0.4 192.0.2.9 redirect_port tcp 10.0.0.3:81,10.0.0.2:80 80"]
    assert said(host, "ipfw -q nat 1 config if re0", "ipfw nat show config") == ["ipfw nat 1 config if re0"]
    assert host.kernel.ipfw.nats[0].address == "192.0.2.7"


def test_statistics_are_those_of_instances_that_log(host):
    said(host, "ipfw nat 1 config if re0", "ipfw nat 2 config if re0 log")
    zeros = "icmp=0, udp=0, tcp=0, sctp=0, pptp=0, proto=0, frag_id=0 frag_ptr=0 / tot=0"
    assert said(host, "ipfw nat show log") == [f"nat 2: {zeros}"]
    assert said(host, "ipfw nat 2 show log") == ["ipfw nat 2 config if re0 log"]
    assert said(host, "ipfw nat delete 1", "ipfw nat show config") == ["ipfw nat 2 config if re0 log"]


@pytest.mark.parametrize(
    ("options", "status", "text"),
    [
        ("", 65, "missing option"),
        ("ip", 65, "missing option"),
        ("if lo7", 1, "unknown interface name lo7"),
        ("redirect_addr 10.0.0.2", 65, "redirect_addr: not enough arguments"),
        ("redirect_port tcp 10.0.0.2:80", 65, "redirect_port: not enough arguments"),
        ("redirect_port icmp 10.0.0.2:80 80", 65, "unknown protocol icmp. Expected sctp, tcp or udp"),
        ("redirect_port tcp 10.0.0.2:x 80", 65, "x/tcp: unknown service"),
        ("redirect_port tcp 10.0.0.2:90-80 80", 65, "invalid port range 90-80"),
        ("redirect_port tcp nosuch:80 80", 1, "unknown host nosuch"),
        (
            "redirect_port tcp 10.0.0.2:1-2,10.0.0.3:1 80",
            65,
            "redirect_port: local port must be single in this context",
        ),
        (
            "redirect_port tcp 10.0.0.2:80-81 80-81 198.51.100.1:5",
            65,
            "redirect_port: remote port mustbe 0 or equal to local port range in size",
        ),
        ("redirect_proto banana 10.0.0.2", 65, "redirect_proto: unknown protocol banana"),
    ],
)
def test_instances_that_are_none(host, options, status, text):
    assert refused(host, f"ipfw nat 1 config {options}") == (status, f"ipfw: {text}\n")
    assert host.kernel.ipfw.nats == []


def test_tables_hold_networks_in_order(host):
    said(host, "ipfw table t create", "ipfw -q table t add 10.0.1.9/24 5 fd00::/64 6 10.0.0.2")
    assert said(host, "ipfw table t list") == ["10.0.0.2/32 0", "10.0.1.0/24 5", "fd00::/64 6"]
    assert said(host, "ipfw table t lookup 10.0.1.77") == ["10.0.1.0/24 5"]
    assert refused(host, "ipfw table t lookup 10.0.9.1") == (69, "ipfw: Entry not found\n")
    done = play(host, "ipfw table t add 10.0.0.2 7")
    assert (done.status, done.stdout) == (71, "exists: 10.0.0.2/32 7\n")
    assert done.stderr == "ipfw: Adding record failed: record already exists\n"
    assert said(host, "ipfw -q table t add 10.0.0.2 7", "ipfw table t list")[0] == "10.0.0.2/32 7"
    assert said(host, "ipfw table t delete 10.0.0.2") == ["deleted: 10.0.0.2/32 7"]
    assert said(host, "ipfw -q table t delete 10.0.0.2", "ipfw table t flush", "ipfw table t list") == []


def test_tables_are_made_once_swapped_and_emptied(host):
    said(host, "ipfw table a create type addr", "ipfw table b create", "ipfw -q table a add 10.0.0.2")
    assert refused(host, "ipfw table a create") == (71, "ipfw: Table creation failed: File exists\n")
    said(host, "ipfw table a create missing", "ipfw table a swap b")
    assert said(host, "ipfw table all list") == [
        "--- table(a), set(0) ---",
        "--- table(b), set(0) ---",
        "10.0.0.2/32 0",
    ]
    assert said(host, "ipfw table b create missing or-flush", "ipfw table b list") == []
    assert said(host, "ipfw table all destroy", "ipfw table all list") == []
    assert play(host, "ipfw table a destroy").stderr == "ipfw: failed to destroy table a: No such process\n"
    assert play(host, "ipfw -q table a flush").stderr == ""


def test_tables_come_with_a_rule_or_an_entry(host):
    said(host, "ipfw -q add 1 allow ip from table(x) to any")
    done = play(host, "ipfw table y add 10.0.0.2")
    assert done.stderr == ("ipfw: DEPRECATED: inserting data into non-existent table y. (auto-created)\n")
    assert said(host, "ipfw table x info")[2] == " references: 1, valtype: legacy"
    assert [table.name for table in host.kernel.ipfw.tables] == ["x", "y"]


@pytest.mark.parametrize(
    ("command", "status", "text"),
    [
        ("table", 64, "table needs name"),
        ("table t", 64, "table needs command"),
        ("table a;b list", 64, "table name a;b is invalid"),
        ("table all add 10.0.0.1", 64, "table name required"),
        ("table t create type banana", 64, "Unknown tabletype: banana"),
        ("table t swap u", 71, "Unable to swap table: No such process"),
        ("table t delete 10.0.0.1", 71, "Deleting record failed: table not found"),
        ("table t add banana", 68, "hostname ``banana'' unknown"),
        ("table t add 10.0.0.0/33", 65, "bad width ``33''"),
    ],
)
def test_tables_that_are_none(host, command, status, text):
    assert refused(host, f"ipfw {command}") == (status, f"ipfw: {text}\n")


def test_locked_tables_and_tables_of_other_kinds(host):
    said(host, "ipfw table n create type number limit 1", "ipfw table i create type iface")
    said(host, "ipfw -q table n add 22 1", "ipfw -q table i add re0")
    assert play(host, "ipfw table n add 23").stderr == "ipfw: Adding record failed: limit hit\n"
    assert said(host, "ipfw table n info")[-1] == " limit: 1"
    said(host, "ipfw table n modify limit 2", "ipfw table i lock")
    assert play(host, "ipfw table i add re1").stderr == "ipfw: Adding record failed: table is locked\n"
    assert said(host, "ipfw table i unlock", "ipfw table i add re1") == ["added: re1 0"]
    assert refused(host, "ipfw table n swap i") == (64, "ipfw: Unable to swap table: check types\n")
    assert refused(host, "ipfw table n add x")[0] == 65


def test_the_state_is_saved_and_a_reboot_forgets_it(tmp_path):
    host = make(tmp_path, PLAIN)
    said(host, "ipfw -q add 1 set 17 allow tcp from me to any limit src-addr 2 // why", "ipfw set disable 3")
    said(host, "ipfw -q nat 1 config if re0 redirect_port tcp 10.0.0.2:80 80", "ipfw -q table t add 10.0.0.2")
    host.save()
    again = type(host).load(host.folder)
    assert again.kernel.ipfw == host.kernel.ipfw
    host.reboot()
    assert host.kernel.ipfw == loaded(allows=True)


def test_a_host_that_was_saved_before_there_was_ipfw_gets_it(tmp_path):
    host = make(tmp_path, PLAIN)
    host.kernel.ipfw.rules.clear()
    host.touch()
    host.files.remove("/sbin/ipfw")
    host.save()
    again = type(host).load(host.folder)
    assert said(again, "ipfw list") == [DEFAULT.strip()]
