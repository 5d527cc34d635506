"""The steps that put a firewall in force."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from apps.freebsd.commands import FileChange
from apps.freebsd.commands.guarded import is_guarded
from apps.freebsd.errors import Conflict, InvalidInput
from apps.network.firewall import plans
from apps.network.firewall.drift import in_force
from apps.network.firewall.plans import Ground, apply_plan
from apps.network.firewall.wanted import CLOSING, fitted
from tests.hosts.agent.test_agent_setup_commands import judge
from tests.network.firewall.places import firewall

__all__ = ["judge"]

WANTED = firewall("10 allow ip from any to any", nat=["nat 123 config ip 203.0.113.10"], one_pass=False)
LIVE = firewall(
    "100 set 17 allow ip from any to any", "200 set 5 count ip from any to any", nat=["nat 7 config if re0"]
)
RC = dict(plans.BOOT)


def texts(plan) -> list[str]:
    return [step.shell_text() for step in plan.commands]


def test_on_a_host_without_ipfw_it_is_loaded_so_that_nobody_is_cut_off():
    said = texts(apply_plan(WANTED, Ground(), 60))
    assert said == [
        "/bin/kenv net.inet.ip.fw.default_to_accept=1",
        "/sbin/kldload ipfw",
        "/sbin/kldload ipfw_nat",
        "# write /usr/local/etc/jailpanel/next.rules",
        "# write /usr/local/etc/jailpanel/next.globals",
        "/sbin/ipfw -q set disable 17",
        "/sbin/ipfw -q delete set 17",
        "/sbin/ipfw -n /usr/local/etc/jailpanel/next.rules",
        "/sbin/ipfw -q /usr/local/etc/jailpanel/next.rules",
        "/usr/local/libexec/jailpanel-agent switch-firewall 17 0 60",
        "# write /usr/local/etc/jailpanel/ipfw.rules",
        "/usr/sbin/sysrc firewall_enable=YES",
        "/usr/sbin/sysrc firewall_script=/usr/local/libexec/jailpanel-agent",
        "/usr/sbin/sysrc firewall_type=load-firewall",
        "/sbin/ipfw -q delete set 0",
        "/sbin/ipfw -q set enable 0",
        "/bin/unlink /usr/local/etc/jailpanel/next.rules",
        "/bin/unlink /usr/local/etc/jailpanel/next.globals",
    ]


def test_the_sets_take_turns_and_what_others_put_there_goes_with_a_warning():
    plan = apply_plan(WANTED, Ground(LIVE, has_nat=True, rc=RC), 30)
    said = texts(plan)
    assert "/usr/local/libexec/jailpanel-agent switch-firewall 18 5,17,0 30" in said
    assert [line for line in said if "delete" in line] == [
        "/sbin/ipfw -q delete set 18",
        *(f"/sbin/ipfw -q delete set {number}" for number in (5, 17, 0)),
        "/sbin/ipfw -q nat 7 delete",
    ]
    assert not [line for line in said if "kld" in line or "sysrc" in line]
    assert any("set 5" in warning for warning in plan.warnings)
    assert any("NAT instance 7" in warning for warning in plan.warnings)


def test_what_a_change_that_was_cut_short_left_goes_first():
    ground = Ground(LIVE, has_nat=True, files=("ipfw.rules", "next.rules"), boot_text="old\n", rc=RC)
    plan = apply_plan(WANTED, ground, 60)
    assert texts(plan)[0] == "/bin/unlink /usr/local/etc/jailpanel/next.rules"
    kept = next(step for step in plan.commands if isinstance(step, FileChange) and step.before)
    assert (kept.path, kept.before) == ("/usr/local/etc/jailpanel/ipfw.rules", "old\n")
    assert "add 00010 set 18 allow ip from any to any\n" in kept.after


def test_what_is_kept_already_is_not_written_again():
    ground = Ground(LIVE, has_nat=True, boot_text=plans.boot_text(WANTED, 18), rc=RC)
    assert not [line for line in texts(apply_plan(WANTED, ground, 60)) if "/ipfw.rules" in line]


def test_without_a_spare_set_nothing_is_planned():
    both = firewall("100 set 17 count ip from any to any", "200 set 18 count ip from any to any")
    with pytest.raises(Conflict, match="ipfw set disable"):
        apply_plan(WANTED, Ground(both), 60)
    off = replace(both, disabled_sets=frozenset({18}))
    assert apply_plan(WANTED, Ground(off), 60)


def test_a_host_waits_for_a_sane_time():
    for seconds in (0, 601):
        with pytest.raises(InvalidInput):
            apply_plan(WANTED, Ground(LIVE), seconds)


def test_the_agent_lets_every_command_of_a_plan_through(judge):
    grounds = [Ground(), Ground(LIVE, has_nat=True, files=("next.rules", "next.globals"))]
    steps = [step for ground in grounds for step in apply_plan(WANTED, ground, 600).commands]
    argvs = [step.argv for step in steps if not isinstance(step, FileChange)]
    assert judge(argvs) == [True] * len(argvs)
    assert sum(map(is_guarded, argvs)) == 2


def test_each_line_of_a_file_is_one_that_the_agent_takes(tmp_path):
    text = plans.boot_text(replace(WANTED, rules=(*WANTED.rules, CLOSING)), 17)
    from tests.hosts.agent.tree import SCRIPT

    script = SCRIPT.read_text()
    body = script[script.index("are_rules() {") : script.index("# freebsd-update(8): the basejail")]
    (tmp_path / "file").write_text(text)
    done = subprocess.run(
        ["/bin/sh", "-c", f"{body}\nare_rules x/ipfw.rules {tmp_path}/file"], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("live", "has_it"),
    [
        (None, True),
        (firewall(default_allows=True), True),
        (firewall(), False),
        (firewall("65534 set 17 deny ip from any to any"), True),
    ],
    ids=["not loaded", "allows", "denies", "denies, and was loaded by the panel"],
)
def test_where_the_default_rule_allows_the_last_one_denies(live, has_it):
    fit = fitted(WANTED, live)
    assert (fit.rules[-1] == CLOSING) is has_it
    assert fitted(fit, live) == fit
    allows = replace(WANTED, default_allows=True)
    assert fitted(allows, live) == allows
    assert in_force(fit) == fit
