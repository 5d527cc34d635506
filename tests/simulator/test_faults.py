"""A simulated host fails in the ways that it is told to, and works again afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import time
from pathlib import Path

import asyncssh
import pytest

from apps.simulator import agent
from apps.simulator.faults import DiskFull, Faults
from tests.simulator.machines import PLAIN, READY
from tests.simulator.served import (
    DEADLINE_S,
    NONCE,
    ask,
    connecting,
    only_host,
    say,
    serving,
    start_run,
)

EZJAIL = "/usr/local/bin/ezjail-admin"
CREATE = (EZJAIL, "create", "www", "lo1|10.0.0.2/24")
INSTALL = (EZJAIL, "install", "-h", "https://download.freebsd.org", "-r", "14.1-RELEASE")
LOST = (asyncssh.ConnectionLost, ConnectionError, asyncssh.DisconnectError)


def play(folder, scenario, **options):
    async def whole():
        async with asyncio.timeout(DEADLINE_S), serving(folder, **options) as simulation:
            return await scenario(only_host(simulation))

    return asyncio.run(whole())


def test_refuse_refuses_new_connections_and_breaks_old_ones(tmp_path):
    async def scenario(host):
        async with connecting(host) as line:
            await host.set_fault("refuse")
            await line.wait_closed()
        with pytest.raises(ConnectionRefusedError):
            await connecting(host)
        await host.clear_faults()
        return await say(host, "version")

    assert play(tmp_path, scenario).status == 0


def test_hang_accepts_and_says_nothing(tmp_path):
    async def scenario(host):
        await host.set_fault("hang")
        reader, writer = await asyncio.open_connection(host.sshd.address, host.sshd.port)
        silent = asyncio.ensure_future(reader.read(1))
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.shield(silent), 0.05)
        heard = silent.done()
        await host.clear_faults()
        writer.close()
        await asyncio.gather(silent, return_exceptions=True)
        return heard, await say(host, "version")

    heard, said = play(tmp_path, scenario)
    assert not heard
    assert said.status == 0


def test_hang_silences_connections_that_are_open(tmp_path):
    async def scenario(host):
        async with connecting(host) as line:
            await host.set_fault("hang")
            asking = asyncio.ensure_future(ask(line, "version"))
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.shield(asking), 0.05)
            heard = asking.done()
            await host.clear_faults()
            return heard, await asking

    heard, said = play(tmp_path, scenario)
    assert not heard
    assert said.stdout.startswith(b"jailpanel-agent")


def test_the_line_is_cut_after_so_many_bytes_of_output(tmp_path):
    async def scenario(host):
        await host.set_fault("drop_after_bytes", 100)
        got = b""
        line = await connecting(host)
        process = await line.create_process(f"facts {NONCE}", encoding=None)
        with contextlib.suppress(*LOST):
            while chunk := await process.stdout.read(4096):
                got += chunk
        await line.wait_closed()
        await host.clear_faults()
        return got, await say(host, f"facts {NONCE}")

    got, whole = play(tmp_path, scenario)
    assert got == whole.stdout[:100]
    assert whole.status == 0


def test_a_run_survives_a_line_that_is_cut_again_and_again(tmp_path):
    async def scenario(host):
        async with connecting(host) as line:
            await start_run(line, "run-00000001", *CREATE)
        whole = await say(host, "follow run-00000001 0")
        await host.set_fault("drop_after_bytes", 1000)
        got = b""
        while len(got) < len(whole.stdout):
            got += await until_cut(host, f"follow run-00000001 {len(got)}")
        return got, whole.stdout

    got, whole = play(tmp_path, scenario, specs=[READY])
    assert got == whole
    assert len(whole) > 3 * 1000


async def until_cut(host, command: str) -> bytes:
    got = b""
    with contextlib.suppress(*LOST):
        async with connecting(host) as line:
            process = await line.create_process(command, encoding=None)
            while chunk := await process.stdout.read(65536):
                got += chunk
    return got


def test_a_full_disk_stops_the_tools_and_the_agent(tmp_path):
    async def scenario(host):
        await host.set_fault("disk_full")
        created = await host.run("ezjail-admin create www 'lo1|10.0.0.2/24'")
        wrote = await host.run("echo x > /root/file")
        async with connecting(host) as line:
            started = await start_run(line, "run-00000001", *CREATE)
        facts = await say(host, f"facts {NONCE}")
        await host.clear_faults()
        async with connecting(host) as line:
            again = await start_run(line, "run-00000001", *CREATE)
        return created, wrote, started, facts, again

    created, wrote, started, facts, again = play(tmp_path, scenario, specs=[READY])
    assert created.status == 1
    assert "No space left on device" in created.stderr
    assert (wrote.status, "No space left on device" in wrote.stderr) == (2, True)
    assert (started.status, started.stdout) == (73, b"")
    assert facts.stdout.endswith(b"RC done 0\n")
    assert b'"available-blocks":0,"used-percent":100,"mounted-on":"/"}' in facts.stdout
    assert again.stdout == b"started run-00000001\n"


def wait_for_bytes(file, count):
    while file.stat().st_size < count:
        time.sleep(0.01)


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits another process")
def test_a_disk_that_fills_up_cuts_the_output_of_a_run_and_lets_it_end(tmp_path):
    async def scenario(host):
        host.machine.pace = 0.05
        output = host.machine.files.real("/var/db/jailpanel/runs/run-00000001/output")
        async with connecting(host) as line:
            await start_run(line, "run-00000001", *INSTALL)
            await asyncio.to_thread(wait_for_bytes, Path(output), agent.NO_GROWTH_BYTES)
            await host.set_fault("disk_full")
            had = await asyncio.to_thread(Path(output).read_bytes)
            return had, await ask(line, "follow run-00000001 0")

    had, said = play(tmp_path, scenario)
    assert said.stdout == had
    assert said.stderr.endswith(b"jailpanel-agent: the disk was full: the output may be cut\nexit 1 full\n")


def test_nothing_is_fetched_without_a_network(tmp_path):
    url = "https://download.freebsd.org/releases/amd64/amd64/14.1-RELEASE/base.txz"

    async def scenario(host):
        await host.set_fault("fetch_fails")
        failed = await host.run(f"fetch {url}")
        installed = await host.run("ezjail-admin install -h https://download.freebsd.org -r 14.1-RELEASE")
        await host.clear_faults()
        return failed, installed, await host.run(f"fetch {url}")

    failed, installed, worked = play(tmp_path, scenario)
    assert (failed.status, failed.stderr) == (1, f"fetch: {url}: Network is unreachable\n")
    assert installed.status == 1
    assert "Could not fetch base from https://download.freebsd.org." in installed.stderr
    assert worked.status == 0


def test_slow_makes_every_pause_longer(tmp_path):
    async def scenario(host):
        host.machine.pace = 0.001
        await host.set_fault("slow", 1e6)
        sleeping = asyncio.ensure_future(host.run("sleep 1"))
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.shield(sleeping), 0.05)
        slow = not sleeping.done()
        sleeping.cancel()
        await asyncio.gather(sleeping, return_exceptions=True)
        await host.clear_faults()
        return slow, await host.run("sleep 1")

    slow, done = play(tmp_path, scenario)
    assert slow
    assert done.status == 0


def test_a_reboot_loses_runs_and_connections_and_stops_jails(tmp_path):
    async def scenario(host):
        for line in ("ezjail-admin create www 'lo1|10.0.0.2/24'", "ezjail-admin onestart www"):
            assert (await host.run(line)).status == 0
        await host.run("sysrc ezjail_enable=NO")
        async with connecting(host) as line:
            host.machine.pace = 1000.0
            await start_run(line, "run-00000001", EZJAIL, "onestop", "www")
            followed = asyncio.ensure_future(ask(line, "follow run-00000001 0"))
            host.machine.pace = 0.0
            before = (await host.run("sysctl -n kern.boottime")).stdout
            await host.reboot()
            await line.wait_closed()
        await asyncio.gather(followed, return_exceptions=True)
        after = (await host.run("sysctl -n kern.boottime; jls -N; ls /var/run")).stdout
        return before, after, await say(host, "follow run-00000001 0"), agent.run_groups(host.machine)

    before, after, followed, groups = play(tmp_path, scenario, specs=[READY])
    assert before != after.partition("\n")[0] + "\n"
    assert after.splitlines()[1:] == [" JID             IP Address      Hostname                      Path"]
    assert followed.status == 76
    assert followed.stderr.endswith(b"lost\n")
    assert groups == []


def test_jails_that_start_at_boot_run_again_after_a_reboot(tmp_path):
    async def scenario(host):
        for line in ("ezjail-admin create www 'lo1|10.0.0.2/24'", "sysrc ezjail_enable=YES"):
            assert (await host.run(line)).status == 0
        await host.reboot()
        return await host.run("jls name")

    assert play(tmp_path, scenario, specs=[READY]).stdout == "www\n"


def test_faults_are_all_off_after_clear():
    faults = Faults(refuse=True, hang=True, drop_after_bytes=5, disk_full=True, fetch_fails=True, slow=9.0)
    faults.clear()
    assert faults == Faults()


def test_a_full_disk_names_the_file():
    with pytest.raises(DiskFull, match="No space left on device"):
        Faults(disk_full=True).check_space("/etc/rc.conf")


def test_an_unknown_fault_is_refused(tmp_path):
    async def scenario(host):
        with pytest.raises(ValueError, match="there is no fault 'flood': refuse, hang"):
            await host.set_fault("flood")

    play(tmp_path, scenario, specs=[PLAIN])
