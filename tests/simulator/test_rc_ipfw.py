"""IPFW as a host turns it on: modules, the kernel's environment, service ipfw, rc.conf, and boot."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from apps.simulator import agent
from tests.simulator.machines import PLAIN, make, play
from tests.simulator.served import only_host, serving

BARE = replace(PLAIN, modules=())
ANY = "ip from any to any"
LOOPBACK = [
    "00100 allow ip from any to any via lo0",
    "00200 deny ip from any to 127.0.0.0/8",
    "00300 deny ip from 127.0.0.0/8 to any",
    "00400 deny ip from any to ::1",
    "00500 deny ip from ::1 to any",
    "00600 allow ipv6-icmp from :: to ff02::/16",
    "00700 allow ipv6-icmp from fe80::/10 to fe80::/10",
    "00800 allow ipv6-icmp from fe80::/10 to ff02::/16",
    "00900 allow ipv6-icmp from any to any icmp6types 1",
    "01000 allow ipv6-icmp from any to any icmp6types 2,135,136",
]
CLOSED, OPEN = f"65535 deny {ANY}", f"65535 allow {ANY}"


def rules(host) -> list[str]:
    return play(host, "ipfw list").stdout.splitlines()


def ok(host, *commands: str) -> str:
    done = None
    for command in commands:
        done = play(host, command)
        assert (done.status, done.stderr) == (0, ""), command
    assert done
    return done.stdout


def test_a_module_that_is_loaded_denies_all_at_once(tmp_path):
    host = make(tmp_path, BARE)
    assert play(host, "kldstat -q -m ipfw").status == 1
    assert ok(host, "kldload ipfw") == ""
    assert rules(host) == [CLOSED]
    assert (
        play(host, "kldload ipfw").stderr == "kldload: can't load ipfw: module already loaded or in kernel\n"
    )
    assert ok(host, "kldload -n ipfw", "sysctl -n net.inet.ip.fw.default_to_accept") == "0\n"


def test_unless_the_kernels_environment_says_otherwise(tmp_path):
    host = make(tmp_path, BARE)
    assert play(host, "kenv net.inet.ip.fw.default_to_accept").stderr.startswith("kenv: unable to get")
    set_line = 'net.inet.ip.fw.default_to_accept="1"\n'
    assert ok(host, "kenv net.inet.ip.fw.default_to_accept=1") == set_line
    assert ok(host, "kenv net.inet.ip.fw.default_to_accept") == "1\n"
    assert ok(host, "kenv") == set_line
    ok(host, "kldload ipfw_nat")
    assert host.kernel.modules == ["libalias", "ipfw", "ipfw_nat"]
    assert rules(host) == [OPEN]
    assert play(host, "kldunload ipfw").stderr == "kldunload: can't unload file: Device busy\n"
    ok(host, "kldunload ipfw_nat", "kldunload ipfw", "kenv -u net.inet.ip.fw.default_to_accept")
    assert play(host, "ipfw list").status == 71
    assert play(host, "sysctl -n net.inet.ip.fw.enable").status == 1


def test_modules_that_are_none(tmp_path):
    host = make(tmp_path, BARE)
    assert play(host, "kldload banana").stderr == "kldload: can't load banana: No such file or directory\n"
    assert play(host, "kldload").status == play(host, "kldunload").status == 1
    assert play(host, "kldunload x").stderr == "kldunload: can't find file x: No such file or directory\n"
    assert play(host, "kenv -u nothing").status == 1


def test_the_loader_is_asked_at_boot(tmp_path):
    host = make(tmp_path, BARE)
    host.files.mkdir("/boot", parents=True)
    host.files.write_text(
        "/boot/loader.conf", 'ipfw_load="YES"\nnet.inet.ip.fw.default_to_accept="1" # open\nzfs_load="NO"\n'
    )
    host.reboot()
    assert (host.kernel.modules, rules(host)) == (["ipfw"], [OPEN])


def test_a_kernel_that_denies(tmp_path):
    assert rules(make(tmp_path, replace(PLAIN, ipfw_denies=True))) == [CLOSED]


def test_service_asks_rc_conf(tmp_path):
    host = make(tmp_path, PLAIN)
    assert play(host, "service ipfw start").stdout == (
        "Cannot 'start' ipfw. Set firewall_enable to YES in /etc/rc.conf "
        "or use 'onestart' instead of 'start'.\n"
    )
    assert ok(host, "service ipfw rcvar").splitlines()[2] == 'firewall_enable="NO"'
    assert play(host, "service ipfw banana").status == 1
    ok(host, "sysrc firewall_enable=YES firewall_type=open")
    assert ok(host, "service ipfw start").splitlines()[-1] == "Firewall rules loaded."
    assert rules(host) == [*LOOPBACK, f"65000 allow {ANY}", OPEN]


def test_stop_leaves_the_rules_and_status_says_so(tmp_path):
    host = make(tmp_path, PLAIN)
    ok(host, f"ipfw -q add 1 count {ANY}", "service ipfw onestop")
    status = play(host, "service ipfw onestatus")
    assert (status.status, status.stdout) == (1, "ipfw is not enabled\n")
    assert rules(host) == [f"00001 count {ANY}", OPEN]
    ok(host, "sysrc firewall_type=closed firewall_quiet=YES firewall_logging=YES")
    assert ok(host, "service ipfw onerestart").splitlines()[-2:] == [
        "Firewall rules loaded.",
        "Firewall logging enabled.",
    ]
    assert rules(host) == [*LOOPBACK, f"65000 deny {ANY}", OPEN]
    assert ok(host, "service ipfw onestatus") == "ipfw is enabled\n"


def test_a_script_that_is_missing_leaves_a_closed_host(tmp_path):
    host = make(tmp_path, BARE)
    ok(host, "sysrc firewall_script=/etc/nosuch")
    assert "All ip services are disabled." in ok(host, "service ipfw onestart")
    assert rules(host) == [CLOSED]


def test_types_that_nobody_knows_load_no_more_than_the_loopback(tmp_path):
    host = make(tmp_path, PLAIN)
    ok(host, "service ipfw onestart")
    assert rules(host) == [*LOOPBACK, OPEN]


def test_a_workstation_lets_its_services_in(tmp_path):
    host = make(tmp_path, PLAIN)
    ok(
        host,
        "sysrc firewall_type=workstation firewall_logdeny=YES",
        "sysrc 'firewall_myservices=22/tcp 53/udp 80 gre/proto'",
    )
    ok(host, "sysrc firewall_allowservices=192.0.2.0/24 firewall_trusted=192.0.2.9 firewall_nologports=137")
    done = play(host, "service ipfw onestart")
    assert done.stderr == "Consider using 80/tcp in firewall_myservices.\n"
    assert rules(host)[len(LOOPBACK) :] == [
        "01100 check-state :default",
        "01200 allow tcp from me to any established",
        "01300 allow tcp from me to any setup keep-state :default",
        "01400 allow udp from me to any keep-state :default",
        "01500 allow icmp from me to any keep-state :default",
        "01600 allow ipv6-icmp from me6 to any keep-state :default",
        "01700 allow udp from 0.0.0.0 68 to 255.255.255.255 67 out",
        "01800 allow udp from any 67 to me 68 in",
        "01900 allow udp from any 67 to 255.255.255.255 68 in",
        "02000 allow udp from fe80::/10 to me6 546 in",
        "02100 allow icmp from any to any icmptypes 8",
        "02200 allow icmp from any to any icmptypes 3,4,11",
        "02300 allow tcp from 192.0.2.0/24 to me 22",
        "02400 allow udp from 192.0.2.0/24 to me 53",
        "02500 allow tcp from 192.0.2.0/24 to me 80",
        "02600 allow gre from 192.0.2.0/24 to me",
        "02700 allow ip from 192.0.2.9 to me",
        f"65000 count {ANY}",
        "65100 deny { tcp or udp } from any to any 137 in",
        "65200 deny ip from any to 255.255.255.255",
        "65300 deny ip from any to 224.0.0.0/24 in",
        "65400 deny udp from any to any 520 in",
        "65500 deny tcp from any 80,443 to any 1024-65535 in",
        f"65500 deny log logamount 500 {ANY}",
        OPEN,
    ]


def test_an_open_host_may_translate(tmp_path):
    host = make(tmp_path, PLAIN)
    ok(
        host,
        "sysrc firewall_type=open firewall_nat_enable=YES",
        "sysrc firewall_nat_interface=re0 firewall_nat_flags=same_ports",
    )
    ok(host, "service ipfw onestart")
    assert rules(host)[0] == "00050 nat 123 ip4 from any to any via re0"
    assert ok(host, "ipfw nat show config") == "ipfw nat 123 config if re0 log same_ports\n"
    ok(host, "sysrc firewall_type=client firewall_nat_interface=192.0.2.7", "service ipfw onestart")
    assert ok(host, "ipfw nat show config") == "ipfw nat 123 config ip 192.0.2.7 log same_ports\n"
    assert "allow ip from me to 192.0.2.0/24" in "".join(rules(host))


@pytest.mark.parametrize("is_folder", [False, True])
def test_a_path_is_read_by_ipfw(tmp_path, is_folder):
    host = make(tmp_path, PLAIN)
    host.files.mkdir("/etc/fw", parents=True)
    host.files.write_text("/etc/fw/rules", f"add 7 count {ANY}\n")
    ok(host, f"sysrc firewall_type={'/etc/fw' if is_folder else '/etc/fw/rules'}", "service ipfw onestart")
    assert rules(host) == [f"00007 count {ANY}", *LOOPBACK, OPEN]


def test_a_script_of_roots_own_runs_with_the_type(tmp_path):
    host = make(tmp_path, PLAIN)
    host.files.write_text("/etc/my.rules", f'ipfw -q add "$1" count {ANY}\n')
    ok(host, "sysrc firewall_enable=YES firewall_script=/etc/my.rules firewall_type=12")
    host.reboot()
    assert rules(host) == [f"00012 count {ANY}", OPEN]
    ok(host, "service ipfw start 13")
    assert rules(host)[1] == f"00013 count {ANY}"


def test_addresses_of_interfaces_are_kept_by_rc_conf(tmp_path):
    host = make(tmp_path, PLAIN)
    ok(host, "ifconfig lo1 inet 10.0.9.1/24 alias", "ifconfig lo1 inet 10.0.9.2/32 alias")
    ok(host, "ifconfig lo1 inet 10.0.9.2/32 -alias")
    assert "10.0.9.1" in ok(host, "ifconfig lo1")
    assert "10.0.9.2" not in ok(host, "ifconfig lo1")
    ok(host, "sysrc 'ifconfig_lo1_alias0=inet 10.0.9.1/24'")
    host.reboot()
    assert "10.0.9.1" in ok(host, "ifconfig lo1")


@pytest.mark.parametrize(
    ("kept", "loaded"),
    [
        (f"add 10 set 17 count {ANY}\n", [f"00010 count {ANY}", CLOSED]),
        (
            f"add 10 set 17 count {ANY}\nadd 20 set 17 banana {ANY}\n",
            ["00001 allow tcp from any to me 22 in", "00002 allow tcp from me 22 to any out"],
        ),
    ],
)
def test_the_agents_own_script_loads_what_was_kept(tmp_path, kept, loaded):
    """A host without the module is closed when it boots, until the agent has loaded the rules."""

    async def scenario():
        async with serving(tmp_path, [replace(BARE, booted_at=1_700_000_000.0)]) as simulation:
            host = only_host(simulation)
            agent.install(host.machine)
            host.machine.files.mkdir("/usr/local/etc/jailpanel", parents=True)
            host.machine.files.write_text("/usr/local/etc/jailpanel/ipfw.rules", kept)
            values = f"firewall_enable=YES firewall_script={agent.AGENT} firewall_type=load-firewall"
            assert (await host.run(f"sysrc {values}")).status == 0
            await host.reboot(down_s=0)
            return rules(host.machine)

    assert asyncio.run(scenario())[: len(loaded)] == loaded
