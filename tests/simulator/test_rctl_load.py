"""What a jail uses, and what happens to it at its limits."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from apps.simulator import control
from apps.simulator.rctl import load
from apps.simulator.state import Jail, Process
from tests.simulator.machines import PLAIN, make, play

MIB = 1 << 20
LOG = "/var/log/messages"


@pytest.fixture
def host(tmp_path):
    host = make(tmp_path, PLAIN)
    host.files.mkdir("/usr/jails/www", parents=True)
    host.kernel.jails.append(Jail(1, "www", "/usr/jails/www", "www"))
    host.files.write_text(LOG, "")
    return host


def rule(host, *texts):
    found = play(host, f"rctl -a {' '.join(f'jail:www:{text}' for text in texts)}")
    assert found.status == 0, found


def used(host, name="www"):
    lines = play(host, f"rctl -u jail:{name}").stdout.split()
    return {key: int(value) for key, value in (line.split("=") for line in lines)}


def use(host, *words):
    return load.use(host, "www", load.read(words))


def loads(host):
    return [row for row in host.kernel.processes if row.comm == load.COMM]


def test_usage_moves_with_what_runs(host):
    assert set(used(host).values()) == {0}
    assert use(host, "memoryuse=600M", "pcpu=150", "openfiles=70", "maxproc=3", "readbps=5M") == []
    found = used(host)
    assert found["memoryuse"] == 600 * MIB + 2 * 2400 * 1024
    assert (found["pcpu"], found["openfiles"], found["maxproc"], found["readbps"]) == (150, 70, 3, 5 * MIB)
    assert found["vmemoryuse"] >= 600 * MIB
    assert "614400" in play(host, "ps -axo rss").stdout
    assert used(host, "0")["memoryuse"] > found["memoryuse"]
    use(host, "maxproc=1")
    assert used(host)["maxproc"] == 1
    use(host)
    assert set(used(host).values()) == {0}


def test_cpu_time_grows_and_stays_when_the_load_changes(host):
    use(host, "pcpu=100")
    loads(host)[0].started -= 40
    assert used(host)["cputime"] == 40
    use(host, "pcpu=0")
    loads(host)[0].started -= 40
    assert used(host)["cputime"] == 40


@pytest.mark.parametrize(("is_held", "kept"), [(True, 40), (False, 0)])
def test_only_a_rule_keeps_the_time_of_a_jail_that_ended(host, is_held, kept):
    if is_held:
        rule(host, "maxproc:log=100")
    use(host, "pcpu=100")
    loads(host)[0].started -= 40
    host.kill_jail(1)
    host.kernel.jails.clear()
    found = used(host)
    assert (found["cputime"], found["wallclock"], found["maxproc"]) == (kept, kept, 0)


@pytest.mark.parametrize(
    ("limit", "wish", "said"),
    [
        ("vmemoryuse:deny=512M", "vmemoryuse=600M", "load: mmap: Cannot allocate memory"),
        ("vmemoryuse:deny=512M", "memoryuse=600M", "load: mmap: Cannot allocate memory"),
        ("openfiles:deny=100/process", "openfiles=101", "load: open: Too many open files"),
        ("maxproc:deny=2", "maxproc=3", "load: fork: Resource temporarily unavailable"),
        ("nshm:deny=2", "nshm=3", "load: No space left on device"),
    ],
)
def test_deny_refuses_what_is_too_much(host, limit, wish, said):
    rule(host, limit)
    assert use(host, wish) == [said]
    resource = limit.partition(":")[0]
    assert used(host)[resource] <= {"vmemoryuse": 512 * MIB, "openfiles": 100}.get(resource, 2)


def test_jail_over_a_new_limit_keeps_what_it_has(host):
    use(host, "vmemoryuse=600M")
    rule(host, "vmemoryuse:deny=512M")
    assert used(host)["vmemoryuse"] == 600 * MIB
    assert use(host, "vmemoryuse=601M") != []
    assert use(host, "vmemoryuse=400M") == []


def test_memory_in_use_is_paged_out_and_never_refused(host):
    rule(host, "memoryuse:deny=100M")
    assert use(host, "memoryuse=150M") == []
    assert (used(host)["memoryuse"], used(host)["swapuse"]) == (100 * MIB, 50 * MIB)
    rule(host, "swapuse:deny=60M")
    assert use(host, "memoryuse=170M") == ["load: Cannot allocate memory"]


def test_processor_and_rates_are_slowed_down(host):
    rule(host, "pcpu:deny=50", "writebps:throttle=10M")
    assert use(host, "pcpu=100", "writebps=50M") == []
    assert (used(host)["pcpu"], used(host)["writebps"]) == (40, 10 * MIB)
    rule(host, "pcpu:deny=20")
    use(host, "pcpu=0")
    use(host, "pcpu=100")
    assert used(host)["pcpu"] == 10


def test_log_writes_one_line_until_use_was_below_again(host):
    rule(host, "openfiles:log=100")
    for amount in (101, 102, 50, 103):
        use(host, f"openfiles={amount}")
    lines = host.files.read_text(LOG).splitlines()
    pid = loads(host)[0].pid
    told = f'rctl: rule "jail:www:openfiles:log=100" matched by pid {pid} (load), uid 0, jail www'
    assert [line.partition(" kernel: ")[2] for line in lines] == [told, told]


def test_devd_is_told(host):
    rule(host, "openfiles:devctl=100/process")
    use(host, "openfiles=101")
    pid = loads(host)[0].pid
    want = "!system=RCTL subsystem=rule type=matched rule=jail:www:openfiles:devctl=100/process "
    assert host.kernel.rctl.events == [f"{want}pid={pid} ruid=0 jail=www"]


def test_signals_meet_the_process_and_not_the_jail(host):
    rule(host, "openfiles:sigkill=100", "nthr:sigstop=50", "nthr:sigchld=60")
    host.spawn(Process(0, 1, "/usr/sbin/cron -s", 1))
    use(host, "nthr=70")
    assert loads(host)[0].state == "T"
    assert use(host, "openfiles=101")[0].endswith("ended by sigkill")
    assert [row.command for row in host.kernel.processes_in(1)] == ["/usr/sbin/cron -s"]


def test_jails_inside_count_and_meet_the_rules_of_the_outer_one(host):
    host.kernel.jails.append(Jail(2, "www.inner", "/usr/jails/www", "inner"))
    rule(host, "openfiles:deny=100")
    load.use(host, "www.inner", {"openfiles": 60})
    assert used(host)["openfiles"] == 60
    assert use(host, "openfiles=50") == ["load: open: Too many open files"]


def test_rule_of_a_process_ends_with_it(host):
    use(host, "pcpu=1")
    play(host, f"rctl -a process:{loads(host)[0].pid}:openfiles:deny=5")
    assert use(host, "openfiles=6") != []
    use(host)
    assert play(host, "rctl").stdout == ""


def test_rules_stay_behind_when_a_jail_is_renamed(host):
    rule(host, "openfiles:deny=5")
    host.kernel.jails[0].name = "web"
    assert load.use(host, "web", {"openfiles": 6}) == []
    assert play(host, "rctl").stdout == "jail:www:openfiles:deny=5\n"
    assert used(host, "web")["openfiles"] == 6


def test_daemon_cannot_fork_at_the_limit(host):
    rule(host, "maxproc:deny=0")
    found = play(host, "service -j www cron start")
    assert (found.status, found.stderr) == (
        2,
        "/etc/rc.d/cron: Cannot fork: Resource temporarily unavailable\n",
    )


@pytest.mark.parametrize("words", [("banana=1",), ("cputime=1",), ("nthr=x",), ("nthr",)])
def test_wishes_that_nobody_understands(words):
    with pytest.raises(ValueError, match=r"there is no use of|invalid numeric value"):
        load.read(words)


def test_control_command(host):
    rule(host, "openfiles:deny=100")
    served = SimpleNamespace(machine=host, save=host.save)
    answer = asyncio.run(control.obey(served, ["use", "www", "nthr=4"]))
    assert (answer["status"], used(host)["nthr"]) == (0, 4)
    answer = asyncio.run(control.obey(served, ["use", "www", "openfiles=101"]))
    assert (answer["status"], answer["stderr"]) == (1, "load: open: Too many open files\n")
    with pytest.raises(ValueError, match="no jail"):
        asyncio.run(control.obey(served, ["use", "nothere", "nthr=4"]))
