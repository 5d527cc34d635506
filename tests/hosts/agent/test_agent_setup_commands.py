"""What sets a host up for ezjail: each form is accepted, and nothing that is close to one."""

from __future__ import annotations

import re
import subprocess
from ipaddress import ip_interface

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.freebsd.commands import host_setup
from tests.hosts.agent.tree import SCRIPT, lines

PKG, SYSRC, IFCONFIG = "/usr/sbin/pkg", "/usr/sbin/sysrc", "/sbin/ifconfig"
BOOTSTRAP = ("/usr/bin/env", "ASSUME_ALWAYS_YES=yes", PKG, "bootstrap")

ACCEPTED = [
    BOOTSTRAP,
    (PKG, "install", "-y", "ezjail"),
    (SYSRC, "ezjail_enable=YES"),
    (SYSRC, "zfs_enable=YES"),
    (SYSRC, "jail_confwarn=NO"),
    (SYSRC, "cloned_interfaces+=lo1"),
    (SYSRC, "ifconfig_lo1=inet 10.0.0.1/24"),
    (SYSRC, "ifconfig_lo1_ipv6=inet6 fd00::1/64"),
    (SYSRC, "ifconfig_lo0_alias12=inet 10.0.0.1/24"),
    (IFCONFIG, "lo1", "create"),
    (IFCONFIG, "lo1", "inet", "10.0.0.1/24", "alias"),
    (IFCONFIG, "lo0", "inet6", "fd00::1/64", "alias"),
    (IFCONFIG, "re0", "inet", "10.0.0.1/24", "alias"),
    (SYSRC, "ifconfig_re0_alias3=inet 10.0.0.1/24"),
]

REFUSED = [
    ("/usr/bin/env", "ASSUME_ALWAYS_YES=yes /usr/sbin/pkg bootstrap"),
    ("/usr/bin/env", "ASSUME_ALWAYS_YES=yes", PKG, "delete", "-y", "ezjail"),
    ("/usr/bin/env", "ASSUME_ALWAYS_YES=yes", PKG, "bootstrap", "-f"),
    ("/usr/bin/env", "UNAME_r=13.2-RELEASE", PKG, "bootstrap"),
    (PKG, "bootstrap"),
    (PKG, "install", "-y ezjail"),
    (PKG, "install", "-y", "sudo"),
    (PKG, "install", "-y", "ezjail", "sudo"),
    (PKG, "install", "ezjail"),
    (PKG, "delete", "-y", "ezjail"),
    (SYSRC,),
    (SYSRC, "-x", "ezjail_enable"),
    (SYSRC, "ezjail_enable=NO"),
    (SYSRC, "sshd_enable=NO"),
    (SYSRC, "ezjail_enable=YES", "sshd_enable=NO"),
    (SYSRC, "cloned_interfaces=lo1"),
    (SYSRC, "cloned_interfaces+=em0"),
    (SYSRC, "cloned_interfaces+=lo1 bridge0"),
    (SYSRC, "cloned_interfaces-=lo1"),
    (SYSRC, "ifconfig_re0=inet 10.0.0.1/24"),
    (SYSRC, "ifconfig_lo1=xx=inet 10.0.0.1/24"),
    (SYSRC, "ifconfig_lo1=inet 10.0.0.1/24 up"),
    (SYSRC, "ifconfig_lo1=inet 10.0.0.1"),
    (SYSRC, "ifconfig_lo1=inet lo0|10.0.0.1/24"),
    (SYSRC, "ifconfig_lo1=10.0.0.1/24"),
    (SYSRC, "ifconfig_lo1=inet $(id)/24"),
    (SYSRC, "ifconfig_lo1=down"),
    (SYSRC, "ifconfig_lo1+=inet 10.0.0.1/24"),
    (SYSRC, "ifconfig_lo1_alias=inet 10.0.0.1/24"),
    (SYSRC, "ifconfig_lo1_alias01=inet 10.0.0.1/24"),
    (SYSRC, "ifconfig_lo1_name=inet 10.0.0.1/24"),
    (SYSRC, "ifconfig_lo=inet 10.0.0.1/24"),
    (IFCONFIG, "lo1", "destroy"),
    (IFCONFIG, "lo1", "create", "up"),
    (IFCONFIG, "re0", "create"),
    (IFCONFIG, "lo", "create"),
    (IFCONFIG, "-l"),
    (IFCONFIG, "lo1", "inet", "10.0.0.1/24"),
    (IFCONFIG, "lo1", "inet", "10.0.0.1/24", "-alias"),
    (IFCONFIG, "lo1", "inet", "10.0.0.1", "alias"),
    (IFCONFIG, "re0.10", "inet", "10.0.0.1/24", "alias"),
    (IFCONFIG, "re", "inet", "10.0.0.1/24", "alias"),
    (IFCONFIG, "0re0", "inet", "10.0.0.1/24", "alias"),
    (IFCONFIG, "aaaaaaaaaaaaaaa0", "inet", "10.0.0.1/24", "alias"),
    (IFCONFIG, "re0", "inet", "10.0.0.1/24", "-alias"),
    (IFCONFIG, "re0", "inet", "10.0.0.1/24"),
    (SYSRC, "ifconfig_re0_ipv6=inet6 fd00::1/64"),
    (SYSRC, "ifconfig_re0_x_alias0=inet 10.0.0.1/24"),
    (SYSRC, "ifconfig_DEFAULT=inet 10.0.0.1/24"),
    (IFCONFIG, "lo1", "link", "10.0.0.1/24", "alias"),
]


def is_formed(argv: tuple[str, ...]) -> bool:
    """The grammar, said again. Arguments stand between line feeds, which no argument holds."""
    loopback = r"lo(?:0|[1-9][0-9]{0,2})"
    plain = rf"(?:{loopback}|(?!lo[0-9])[a-z][a-z0-9]{{0,13}}[0-9])"
    prefix = r"(?:0|[1-9][0-9]?|1[01][0-9]|12[0-8])"
    address = rf"(?!\.)(?=[^\n,/|]*[.:])[0-9A-Fa-f.:]{{1,45}}(?<!\.)/{prefix}"
    forms = (
        rf"/usr/bin/env\nASSUME_ALWAYS_YES=yes\n{PKG}\nbootstrap\n",
        rf"{PKG}\ninstall\n-y\nezjail\n",
        rf"{SYSRC}\n(?:ezjail_enable=YES|zfs_enable=YES|jail_confwarn=NO|cloned_interfaces\+={loopback})\n",
        rf"{SYSRC}\nifconfig_(?:{plain}_alias(?:0|[1-9][0-9]?)|{loopback}(?:_ipv6)?)=inet6? {address}\n",
        rf"{IFCONFIG}\n(?:{loopback}\ncreate|{plain}\ninet6?\n{address}\nalias)\n",
    )
    text = "".join(f"{word}\n" for word in argv)
    return any(re.fullmatch(form, text) for form in forms)


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    """The script's own allow-list behind a loop that reads many argument vectors."""
    text = SCRIPT.read_text()
    rules = text[text.index("# THE ALLOW-LIST") : text.index("# What more than one verb needs.")]
    loop = """
set -fu
LC_ALL=C
while IFS= read -r count; do
    set --
    while [ $# -lt "$count" ]; do IFS= read -r word; set -- "$@" "$word"; done
    if allowed "$@"; then echo yes; else echo no; fi
done
"""
    file = tmp_path_factory.mktemp("judge") / "judge"
    file.write_text(rules + loop)

    def said(argvs):
        asked = b"".join(b"%d\n" % len(argv) + lines(*argv) for argv in argvs)
        answer = subprocess.run(["/bin/sh", file], input=asked, capture_output=True, check=True)
        return [word == "yes" for word in answer.stdout.decode().split()]

    return said


def test_each_form_is_accepted_and_nothing_close_to_it(judge):
    assert dict(zip(ACCEPTED, judge(ACCEPTED), strict=True)) == dict.fromkeys(ACCEPTED, True)
    assert dict(zip(REFUSED, judge(REFUSED), strict=True)) == dict.fromkeys(REFUSED, False)
    assert [is_formed(argv) for argv in ACCEPTED + REFUSED] == [True] * len(ACCEPTED) + [False] * len(REFUSED)


def test_what_the_panel_builds_is_accepted(judge):
    four, six = ip_interface("10.0.0.1/24"), ip_interface("fd00::1/64")
    built = [
        host_setup.bootstrap_pkg(),
        host_setup.install_ezjail(),
        host_setup.enable_ezjail(),
        host_setup.enable_zfs(),
        host_setup.silence_jail_warning(),
        host_setup.clone_at_boot("lo1"),
        host_setup.create_interface("lo999"),
        *(host_setup.add_address(name, address) for name in ("lo0", "lo1") for address in (four, six)),
        host_setup.add_address("em0", four),
        *(
            host_setup.keep_address(name, four)
            for name in ("ifconfig_lo1", "ifconfig_lo0_alias99", "ifconfig_em0_alias0")
        ),
        host_setup.keep_address("ifconfig_lo1_ipv6", six),
    ]
    assert judge([command.argv for command in built]) == [True] * len(built)


CLOSE = st.text("lo01.-_/|:,=$; inet6+", max_size=8)


@st.composite
def mutants(draw: st.DrawFn) -> tuple[str, ...]:
    """A form with a word changed, or with some characters put into it."""
    argv = list(draw(st.sampled_from(ACCEPTED)))
    at = draw(st.integers(1, len(argv) - 1))
    cut = draw(st.integers(0, len(argv[at])))
    argv[at] = argv[at][:cut] + draw(CLOSE) + argv[at][cut:]
    return tuple(argv)


@given(argvs=st.lists(mutants(), min_size=1, max_size=60))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_script_and_grammar_agree(judge, argvs):
    assert judge(argvs) == [is_formed(argv) for argv in argvs]
