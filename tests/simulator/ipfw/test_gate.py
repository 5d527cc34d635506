"""A real SSH connection to a simulated host, and rules that cut it."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from apps.simulator.ipfw.reach import gets_out, reaches
from tests.simulator.machines import make
from tests.simulator.machines import play as run
from tests.simulator.served import DEADLINE_S, ask, connecting, only_host, serving
from tests.simulator.test_ssh import give_a_prompt

PANEL = "192.0.2.250"
PAIR = (f"allow tcp from {PANEL} to me 22 in", f"allow tcp from me 22 to {PANEL} out")
SOON_S = 0.05  # long enough to see an answer that must not come; nothing waits for one that may


def play(tmp_path, scenario):
    """Run a scenario with a host that is served."""

    async def whole():
        async with serving(tmp_path) as simulation:
            return await asyncio.wait_for(scenario(only_host(simulation)), DEADLINE_S)

    return asyncio.run(whole())


async def is_silent(answer) -> bool:
    """Tell whether nothing is answered."""
    done, _ = await asyncio.wait({answer}, timeout=SOON_S)
    return not done


@pytest.mark.parametrize(
    "rule",
    [
        "add 900 deny tcp from any to me 22 in",
        "add 900 deny tcp from me 22 to any out",
        "add 811 deny tcp from any to any established",
        "add 900 deny ip from any to any",
    ],
)
def test_a_wrong_rule_cuts_the_line_and_its_set_gives_it_back(tmp_path, rule):
    async def scenario(host):
        async with connecting(host) as line:
            assert (await ask(line, "version")).status == 0
            number, _, rest = rule.removeprefix("add ").partition(" ")
            await host.run(f"ipfw -q add {number} set 5 {rest}")
            answer = asyncio.ensure_future(ask(line, "version"))
            assert await is_silent(answer)
            await host.run("ipfw set disable 5")
            return await answer

    assert play(tmp_path, scenario).status == 0


def test_who_comes_while_the_way_is_cut_is_greeted_when_it_is_free(tmp_path):
    async def scenario(host):
        await host.run("ipfw -q add 900 deny tcp from any to me 22 setup")
        coming = asyncio.ensure_future(connecting(host).__aenter__())
        assert await is_silent(coming)
        await host.run("ipfw delete 900")
        async with await coming as line:
            return await ask(line, "version")

    assert play(tmp_path, scenario).status == 0


def test_who_gives_up_waiting_leaves_nothing_behind(tmp_path):
    async def scenario(host):
        await host.run("ipfw -q add 900 deny ip from any to any")
        coming = asyncio.ensure_future(connecting(host).__aenter__())
        assert await is_silent(coming)
        coming.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await coming

    play(tmp_path, scenario)


def test_a_line_that_lives_by_its_state_dies_with_the_rule(tmp_path):
    async def scenario(host):
        await host.run("ipfw -q add 50 check-state")
        await host.run("ipfw -q add 100 set 17 allow tcp from any to me 22 setup keep-state")
        await host.run("ipfw -q add 200 deny ip from any to any")
        async with connecting(host) as line:
            await host.run("ipfw set disable 17")
            first = (await ask(line, "version")).status
            shown = (await host.run("ipfw -d list")).stdout
            await host.run("ipfw delete set 17")
            answer = asyncio.ensure_future(ask(line, "version"))
            silent = await is_silent(answer)
            await host.run("ipfw -f flush")
            return first, shown, silent, (await answer).status

    first, shown, silent, last = play(tmp_path, scenario)
    assert (first, silent, last) == (0, True, 0)
    assert f"STATE tcp {PANEL}" in shown


def test_a_script_knows_from_where_it_was_called(tmp_path):
    async def scenario(host):
        give_a_prompt(host)
        async with connecting(host) as line:
            return (await ask(line, "echo $SSH_CONNECTION; echo $SSH_CLIENT")).stdout.split()

    words = play(tmp_path, scenario)
    assert words[0] == words[4] == PANEL.encode()
    assert words[2:4] == [b"192.0.2.7", b"22"]


def test_the_counters_of_the_panels_rules_go_up(tmp_path):
    async def scenario(host):
        await host.run(
            f"ipfw -q add 10 {PAIR[0]}; ipfw -q add 20 {PAIR[1]}; ipfw -q add 30 deny ip from any to any"
        )
        async with connecting(host) as line:
            assert (await ask(line, "version")).status == 0
        return (await host.run("ipfw -a list 10 20 30")).stdout.split("\n")

    lines = play(tmp_path, scenario)
    assert [int(line.split()[1]) > 0 for line in lines[:3]] == [True, True, False]


def test_tests_can_ask_who_reaches_a_jail(tmp_path):
    machine = make(tmp_path)
    machine.kernel.interface("lo1").add("10.0.0.2/32")
    assert not reaches(machine, "198.51.100.9", "192.0.2.7", 80, "10.0.0.2")

    for line in (
        "nat 1 config ip 192.0.2.7 same_ports redirect_port tcp 10.0.0.2:80 80",
        "add 100 nat 1 ip4 from any to 192.0.2.7 in recv re0",
        "add 200 nat 1 ip4 from 10.0.0.0/24 to not 10.0.0.0/24 out xmit re0",
    ):
        assert run(machine, f"ipfw -q {line}").status == 0
    assert reaches(machine, "198.51.100.9", "192.0.2.7", 80, "10.0.0.2")
    assert not reaches(machine, "198.51.100.9", "192.0.2.7", 443, "10.0.0.2")
    assert gets_out(machine, "10.0.0.2", "198.51.100.9", 443) == "192.0.2.7"
    assert run(machine, "ipfw -q nat 1 delete").status == 0
    assert gets_out(machine, "10.0.0.2", "198.51.100.9", 443) == ""
