"""Simulated hosts are served, listed, stopped and taken up again, in a program or at a prompt."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from apps.simulator import control
from apps.simulator.__main__ import arguments, simulation_of
from apps.simulator.hosts import ALPHA, BETA, GAMMA, HISTORY, demo_hosts
from apps.simulator.simulation import AlreadyServed, Simulation, read_listing
from apps.simulator.ssh import KEYS
from tests.simulator.machines import PLAIN
from tests.simulator.served import DEADLINE_S, PUBLIC_KEY, only_host, say, serving

REPOSITORY = Path(__file__).parents[2]


def start_and_stop(folder, scenario, **options):
    async def whole():
        async with asyncio.timeout(DEADLINE_S), serving(folder, **options) as simulation:
            return await scenario(simulation)

    return asyncio.run(whole())


async def look(simulation):
    host = only_host(simulation)
    return host.sshd.port, host.sshd.public_key, (await host.run("cat /root/mark; ifconfig lo1")).stdout


def test_a_restart_keeps_port_host_key_files_and_kernel(tmp_path):
    async def change(simulation):
        line = "echo kept > /root/mark; ifconfig lo1 inet 10.0.0.77/24 alias"
        assert (await only_host(simulation).run(line)).status == 0
        return await look(simulation)

    before = start_and_stop(tmp_path, change)
    assert start_and_stop(tmp_path, look) == before
    assert "inet 10.0.0.77 " in before[2]


def test_a_folder_is_served_by_one_simulator_only(tmp_path):
    async def scenario(simulation):
        second = Simulation(simulation.folder)
        with pytest.raises(AlreadyServed, match="another simulator serves"):
            await second.start([PLAIN])
        await second.stop()
        return await say(only_host(simulation), "version")

    assert start_and_stop(tmp_path, scenario).status == 0


def test_a_change_is_saved_soon_and_not_only_at_the_end(tmp_path):
    async def scenario(simulation):
        host = only_host(simulation)
        state = host.machine.folder / "state.json"
        await host.run("ifconfig lo1 inet 10.0.0.77/24 alias")
        async with asyncio.timeout(DEADLINE_S):
            while "10.0.0.77/24" not in state.read_text():  # noqa: ASYNC110 - a file has no event
                await asyncio.sleep(0.01)

    start_and_stop(tmp_path, scenario)


def test_a_port_that_is_taken_by_now_is_given_up_for_another(tmp_path):
    port, _key, _text = start_and_stop(tmp_path, look)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        assert start_and_stop(tmp_path, look)[0] != port


def test_the_listing_says_how_to_reach_each_host(tmp_path):
    async def scenario(simulation):
        return (
            read_listing(simulation.folder),
            only_host(simulation),
            stat.S_ISSOCK(simulation.control.stat().st_mode),
        )

    (entry,), host, is_socket = start_and_stop(tmp_path, scenario)
    assert set(entry) == {"name", "address", "port", "user", "host_key", "control"}
    assert (entry["name"], entry["address"], entry["user"]) == ("alpha", "127.0.0.1", "root")
    assert (entry["port"], entry["host_key"]) == (host.sshd.port, host.sshd.public_key)
    assert is_socket


def test_the_panels_key_is_entered_once(tmp_path):
    async def keys(simulation):
        return only_host(simulation).machine.files.read_text(KEYS)

    assert start_and_stop(tmp_path, keys) == start_and_stop(tmp_path, keys)


def test_without_a_panels_key_nobody_may_sign_in(tmp_path):
    async def scenario(simulation):
        return only_host(simulation).machine.files.exists(KEYS)

    assert not start_and_stop(tmp_path, scenario, panel_key="")


def test_hosts_may_share_one_port_on_addresses_of_their_own(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.1.1", 0))
        port = free.getsockname()[1]
    words = ["--dir", str(tmp_path), "--one-port", str(port), "--in-process"]

    async def scenario():
        simulation = simulation_of(arguments(words))
        try:
            await simulation.start([replace(PLAIN, name=name) for name in ("one", "two")])
            return [(entry["address"], entry["port"]) for entry in read_listing(tmp_path)]
        finally:
            await simulation.stop()

    assert asyncio.run(scenario()) == [("127.0.1.1", port), ("127.0.1.2", port)]


def test_the_demos_hosts_differ_where_the_panel_must_notice():
    alpha, beta, gamma, *others = demo_hosts(6)
    assert (alpha.release, alpha.basejail, alpha.pool) == ("13.2-RELEASE", "", "")
    assert (beta.release, beta.basejail, beta.pool) == ("14.1-RELEASE-p5", "14.1-RELEASE-p5", "zroot")
    assert gamma.interfaces[0].addresses == ("203.0.113.5/24",)
    assert ("ipfw" in alpha.modules, "ipfw" in beta.modules, gamma.modules) == (True, True, ())
    assert [other.name for other in others] == ["host004", "host005", "host006"]
    assert len({other.interfaces[0].addresses for other in others}) == 3


def test_the_demo_serves_a_host_with_jails(tmp_path):
    async def scenario(simulation):
        versions = [(await say(host, "version")).status for host in simulation.hosts.values()]
        line = "ipfw list 500; jls name; ls /usr/jails; zfs list -Ho name -r zroot/ezjail"
        return (await simulation.hosts["beta"].run(line)).stdout, versions

    text, versions = start_and_stop(tmp_path, scenario, specs=[ALPHA, BETA, GAMMA], history=HISTORY)
    assert text.splitlines() == [
        "00500 deny tcp from any to me 111 in // nobody needs rpcbind",
        *("db", "basejail", "db", "flavours", "newjail", "www"),
        *("zroot/ezjail", *(f"zroot/ezjail/{name}" for name in ("basejail", "db", "newjail", "www"))),
    ]
    assert versions == [0, 0, 0]


class Program:
    """`python -m apps.simulator`, for one test."""

    def __init__(self, folder: Path, *words: str) -> None:
        argv = [sys.executable, "-m", "apps.simulator", "--dir", str(folder), *words]
        self.process = subprocess.Popen(argv, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.greeting = self.process.stdout.readline()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        try:
            return self.process.wait(DEADLINE_S)
        finally:
            self.process.kill()
            self.process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_program_says_when_it_is_ready_and_leaves_nothing_behind(tmp_path, number):
    folder = tmp_path / "hosts"
    key = tmp_path / "key.pub"
    key.write_text(PUBLIC_KEY)
    program = Program(folder, "--hosts", "1", "--pace", "0", "--panel-key", str(key))
    try:
        listing = json.loads((folder / "hosts.json").read_text())
        sockets = Path(listing[0]["control"]).parent
        assert control.main([str(folder), "alpha", "run", "echo kept > /root/mark"]) == 0
    finally:
        status = program.stop(number)
    assert program.greeting == f"1 simulated hosts are ready: {folder}/hosts.json\n"
    assert status == 0
    assert not sockets.exists()
    assert not (folder / "control").is_symlink()
    assert (folder / "alpha" / "root" / "root" / "mark").read_text() == "kept\n"


def orders(folder, *orders_):
    """Give orders to a served host, as the command does; gives each answer."""

    async def scenario(simulation):
        words = [list(order) for order in orders_]
        return [await control.ask(simulation.folder, order) for order in words]

    return start_and_stop(folder, scenario)


def test_orders_run_lines_and_switch_faults(tmp_path):
    ran, on, shown, off, after = orders(
        tmp_path,
        ("alpha", "run", "uname -r; ls /nosuch"),
        ("alpha", "slow", "2.5"),
        ("alpha", "faults"),
        ("alpha", "clear"),
        ("alpha", "faults"),
    )
    assert ran == {
        "status": 1,
        "stdout": "13.2-RELEASE\n",
        "stderr": "ls: /nosuch: No such file or directory\n",
    }
    assert (on["status"], off["status"]) == (0, 0)
    assert json.loads(str(shown["stdout"]))["slow"] == 2.5
    assert json.loads(str(after["stdout"]))["slow"] == 1.0


def test_orders_reboot_and_change_the_host_key(tmp_path):
    before, rebooted, rekeyed, after = orders(
        tmp_path,
        ("alpha", "run", "sysctl -n kern.boottime; cat /etc/ssh/ssh_host_ed25519_key.pub"),
        ("alpha", "reboot"),
        ("alpha", "rekey"),
        ("alpha", "run", "sysctl -n kern.boottime; cat /etc/ssh/ssh_host_ed25519_key.pub"),
    )
    assert (rebooted["status"], rekeyed["status"]) == (0, 0)
    pairs = zip(str(before["stdout"]).splitlines(), str(after["stdout"]).splitlines(), strict=True)
    assert all(old != new for old, new in pairs)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("nosuch", "clear"), "there is no host 'nosuch': alpha\n"),
        (("alpha", "flood"), "there is no fault 'flood': "),
        (("alpha", "drop_after_bytes"), "drop_after_bytes needs a value\n"),
        (("alpha", "drop_after_bytes", "many"), "invalid literal"),
        (("alpha", "refuse", "on", "more"), "say a fault, clear, faults, reboot, rekey, run or use\n"),
    ],
)
def test_orders_that_mean_nothing_are_refused(tmp_path, words, complaint):
    (answer,) = orders(tmp_path, words)
    assert answer["status"] == 64
    assert complaint in str(answer["stderr"])


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [("refuse", None, True), ("hang", "off", False), ("drop_after_bytes", "9", 9), ("slow", "3", 3.0)],
)
def test_values_of_faults_are_read(name, text, value):
    assert control.read_value(name, text) == value


def test_the_command_says_that_nothing_serves_a_folder(tmp_path, capsys):
    assert control.main([str(tmp_path), "alpha", "clear"]) == 1
    assert "no simulator serves" in capsys.readouterr().err


def test_the_command_says_how_it_is_used(capsys):
    assert control.main(["somewhere"]) == 64
    assert "python -m apps.simulator.control DIR NAME FAULT" in capsys.readouterr().err
