"""rctl on a simulated host: what it reads and refuses, how it prints, its service, its boot."""

from __future__ import annotations

import pytest

from apps.simulator.machine import Machine
from apps.simulator.rctl.parse import Malformed, expand, number
from apps.simulator.tools.rc_rctl import rules
from apps.simulator.tools.rctl import humanized
from tests.simulator.machines import PLAIN, make, play

DISABLED = "rctl: RACCT/RCTL present, but disabled; enable using kern.racct.enable=1 tunable\n"
ABSENT = "rctl: RACCT/RCTL support not present in kernel; see rctl(8) for details\n"
NO_RULES = "rctl: failed to remove rule ':': No such process\n"


@pytest.fixture
def host(tmp_path):
    return make(tmp_path, PLAIN)


def rctl(host, words):
    found = play(host, f"rctl {words}")
    return found.status, found.stdout, found.stderr


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (0, "0"),
        (9999, "9999"),
        (10000, "9.8K"),
        (49152, "48K"),
        (11280384, "11M"),
        (44576768, "43M"),
        (1 << 30, "1024M"),
        (10240 << 20, "10G"),
        (1 << 63, "8192P"),
    ],
)
def test_amounts_are_humanised_as_the_real_one_does(amount, shown):
    assert humanized(amount) == shown


@pytest.mark.parametrize(
    ("text", "amount"), [("512M", 512 << 20), ("1g", 1 << 30), ("2t", 2 << 40), ("0", 0)]
)
def test_amounts_are_powers_of_1024(text, amount):
    assert number(text) == amount


@pytest.mark.parametrize("text", ["1.5G", "banana", "9999999999999999999", "16E", "1x"])
def test_other_amounts_are_malformed(text):
    with pytest.raises(Malformed, match="invalid numeric value"):
        number(text)


@pytest.mark.parametrize(
    ("typed", "passed"),
    [
        ("j:www:pcpu:deny=1k/process", "jail:www:pcpu:deny=1024/process"),
        ("u:root", "user:0:"),
        ("user:77:", "user:77:"),
        ("class:x:", "loginclass:x:"),
        ("g:wheel:", "group:wheel:"),
        (":", "::"),
        ("jail::memoryuse", "jail::memoryuse"),
        ("jail:www:pcpu:deny=", "jail:www:pcpu:deny="),
    ],
)
def test_what_the_kernel_is_given(typed, passed):
    assert expand(typed, {"root": 0}) == passed


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ("user:7x:maxproc:deny=1", "malformed rule 'R': trailing characters after numerical id"),
        ("user:x:maxproc:deny=1", "malformed rule 'R': unknown user 'x'"),
        ("process:99999:maxproc:deny=1", "failed to add rule 'R': No such process"),
        ("process:x:maxproc:deny=1", "failed to add rule 'R': Invalid argument"),
        ("g:wheel:maxproc:deny=1", "failed to add rule 'R': Invalid argument"),
        ("jail:x:pcpu:deny=10T", "failed to add rule 'R': Result too large"),
        ("jail:x:pcpu:throttle=10", "failed to add rule 'R': Operation not supported"),
        ("jail:x:readbps:deny=10", "failed to add rule 'R': Operation not supported"),
        (f"jail:{'x' * 300}:pcpu:deny=1", "failed to add rule 'R': File name too long"),
        (f"jail:{'x' * 4096}:pcpu:deny=1", "failed to add rule 'R': Argument list too long"),
        ("jail:x:pcpu:deny=", "failed to add rule 'R': Invalid argument"),
        ("jail:x", "failed to add rule 'R': Invalid argument"),
    ],
)
def test_refusals_quote_the_rule_as_typed(host, rule, fault):
    assert rctl(host, f"-a {rule}") == (1, "", f"rctl: {fault.replace('R', rule, 1)}\n")


def test_status_counts_the_arguments_that_failed(host):
    status, _out, err = rctl(host, "-a jail:a:x:deny=1 j:a:MAXPROC:Deny=5 jail:b:y:deny=1")
    assert (status, err.count("\n")) == (2, 2)
    assert rctl(host, "") == (0, "jail:a:maxproc:deny=5\n", "")


def test_deny_is_updated_and_other_actions_pile_up(host):
    for amount in (5, 6, 6):
        rctl(host, f"-a jail:a:maxproc:deny={amount} jail:a:maxproc:log={amount}")
    rctl(host, "-a jail:a:maxproc:deny=7/user")
    assert rctl(host, "")[1].split() == [
        *("jail:a:maxproc:deny=7/user", "jail:a:maxproc:log=6", "jail:a:maxproc:deny=6"),
        "jail:a:maxproc:log=5",
    ]


def test_subjects_are_listed_in_order_and_newest_first(host):
    given = (
        "jail:a:nthr:log=1 user:root:nthr:log=2 jail:b:nthr:log=3 loginclass:x:nthr:log=4 jail:a:nthr:log=5"
    )
    rctl(host, f"-a process:1:nthr:log=6 {given}")
    assert [line[-1] for line in rctl(host, "")[1].split()] == ["6", "4", "2", "3", "5", "1"]
    assert rctl(host, "-n user:root")[1] == "user:0:nthr:log=2\n"
    assert rctl(host, "-n -a user:root:nthr:log=9")[0] == 1
    assert rctl(host, "::nthr:log=4")[1] == "loginclass:x:nthr:log=4\n"
    assert rctl(host, "-r :")[0] == 0
    assert rctl(host, "-r :") == (1, "", NO_RULES)


def test_limits_of_a_process_are_those_of_its_subjects(host):
    rctl(host, "-a user:root:nthr:log=2 jail:0:nthr:log=3 jail:b:nthr:log=4 process:1:nthr:log=5")
    assert [line[-1] for line in rctl(host, "-l process:1")[1].split()] == ["5", "2", "3"]
    assert rctl(host, "-l jail:b")[2] == "rctl: failed to get limits for 'jail:b': Operation not supported\n"
    assert rctl(host, "-l :")[2] == "rctl: failed to get limits for ':': Invalid argument\n"


def test_usage_of_a_process_leaves_the_sloppy_out(host):
    status, out, _err = rctl(host, "-u process:1")
    assert (status, len(out.split())) == (0, 17)
    assert "swapuse" not in out
    fault = "rctl: failed to show resource consumption for 'jail:': Invalid argument\n"
    assert rctl(host, "-u jail:") == (1, "", fault)


def test_old_kernels_do_not_know_the_rates(tmp_path):
    old = make(tmp_path, PLAIN, release="10.4-RELEASE")
    assert rctl(old, "-u jail:a")[1].split()[-1] == "pcpu=0"
    assert rctl(old, "-a jail:a:readbps:throttle=1")[0] == 1


def test_options(host):
    assert rctl(host, "-x")[2].startswith("rctl: illegal option -- x\nusage: rctl [ -h ]")
    assert rctl(host, "banana") == (1, "", "rctl: malformed rule 'banana': missing subject\n")


def test_kernel_without_racct(tmp_path):
    host = make(tmp_path, PLAIN, racct="absent")
    assert rctl(host, "") == (1, "", ABSENT)
    assert play(host, "sysctl -n kern.racct.enable").stderr == "sysctl: unknown oid 'kern.racct.enable'\n"


def test_loader_conf_switches_racct_on_at_the_next_boot(tmp_path):
    host = make(tmp_path, PLAIN, racct="off")
    for words in ("", "-a jail:a:maxproc:deny=1", "-u jail:a", "-r jail:a"):
        assert rctl(host, words) == (1, "", DISABLED)
    host.files.write_text("/boot/loader.conf", 'kern.racct.enable="1"\n')
    assert play(host, "sysctl -n kern.racct.enable").stdout == "0\n"
    assert play(host, "sysctl kern.racct.enable=1").status == 1
    host.reboot()
    assert rctl(host, "") == (0, "", "")
    assert play(host, "sysctl -n kern.racct.enable").stdout == "1\n"


def test_boot_forgets_rules_and_loads_the_file(host):
    rctl(host, "-a jail:a:maxproc:deny=1")
    host.files.write_text("/etc/rctl.conf", "# comment\n\njail:b:maxproc:deny=2 # why\n")
    host.reboot()
    assert rctl(host, "")[1] == "jail:b:maxproc:deny=2\n"
    play(host, "sysrc rctl_enable=NO")
    host.reboot()
    assert rctl(host, "") == (0, "", "")


def test_rules_of_a_file_are_first_words():
    assert rules("#a\n  # b\n\n jail:x:y:z=1 rest\n\tj:k") == ["jail:x:y:z=1", "j:k"]


def test_service(host):
    assert play(host, "sysrc -n rctl_enable").stdout == "YES\n"
    assert play(host, "service rctl start").status == 0
    host.files.write_text("/etc/rctl.conf", "jail:b:maxproc:deny=2\n")
    rctl(host, "-a jail:a:maxproc:deny=1")
    assert play(host, "service rctl restart").status == 0
    assert rctl(host, "")[1] == "jail:b:maxproc:deny=2\n"
    assert play(host, "service rctl stop").status == 0
    assert play(host, "service rctl stop").stderr == NO_RULES
    assert play(host, "service rctl disable").stdout == "rctl disabled in /etc/rc.conf\n"
    assert play(host, "service rctl enabled").status == 1
    assert play(host, "service rctl start").stdout.startswith("Cannot 'start' rctl. Set rctl_enable to YES")
    assert 'rctl_enable="NO"' in play(host, "service rctl rcvar").stdout
    assert play(host, "service rctl dance").status == 1
    assert play(host, "service rctl enable").status == 0


def test_rules_are_saved_with_the_kernel(host):
    rctl(host, "-a jail:b:maxproc:deny=2/process")
    host.save()
    assert rctl(Machine.load(host.folder), "")[1] == "jail:b:maxproc:deny=2/process\n"
