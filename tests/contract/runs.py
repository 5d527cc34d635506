"""The life of a run: it starts once, keeps its output, and can be followed from any byte and ended."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from apps.freebsd.channel.agent import RunEnd, UnknownRun
from apps.freebsd.commands import Command, ezjail
from apps.freebsd.values import JailName, Release
from tests.contract.trial import new_run_id

if TYPE_CHECKING:
    from tests.contract.trial import Trial

NOBODY = JailName.parse("no-such-jail")
NOTHING_HAPPENS = ezjail.onestop(NOBODY)  # says that there is no such jail
SAYS = " Warning: Jail no_such_jail not found.\n"  # ezjail folds the name (reference ezjail §3.1)


async def an_unknown_run_is_unknown(trial: Trial) -> None:
    await trial.expect_error("follow", UnknownRun, trial.follow(new_run_id()))
    await trial.expect_error("cancel", UnknownRun, trial.agent.cancel(new_run_id()))


async def a_run_goes_from_start_to_end(trial: Trial) -> None:
    run_id = new_run_id()
    trial.expect("start starts it", True, await trial.start(NOTHING_HAPPENS.argv, run_id))
    outcome = await trial.follow(run_id)
    trial.expect("it ends as the program did", RunEnd(status=0, lost=False), outcome.end)
    trial.expect_in("its output is the program's", SAYS, outcome.text)
    again = await trial.follow(run_id)
    trial.expect("it can be looked at again", outcome, again)
    for offset in ("-1", "one", "1.5"):
        answer = await trial.channel.request(("follow", run_id, offset), timeout_s=30)
        trial.expect(f"status of following from {offset}", 64, answer.status)
    await trial.agent.cancel(run_id)
    trial.expect("to cancel what has ended changes nothing", outcome, await trial.follow(run_id))


async def a_run_starts_once(trial: Trial) -> None:
    run_id = new_run_id()
    trial.expect("the first start", True, await trial.start(NOTHING_HAPPENS.argv, run_id))
    trial.expect("a second while it may run", False, await trial.start(NOTHING_HAPPENS.argv, run_id))
    first = await trial.follow(run_id)
    trial.expect("a third after its end", False, await trial.start(NOTHING_HAPPENS.argv, run_id))
    trial.expect("it ran once", first, await trial.follow(run_id))
    trial.expect("its output is there once", 1, first.text.count(SAYS))


async def many_starts_at_once_are_one_run(trial: Trial) -> None:
    run_id = new_run_id()
    started = await asyncio.gather(*(trial.start(NOTHING_HAPPENS.argv, run_id) for _ in range(8)))
    trial.expect("starts that started it", 1, sum(started))
    outcome = await trial.follow(run_id)
    trial.expect("its output is there once", 1, outcome.text.count(SAYS))


async def starts_over_several_connections_at_once_are_one_run(trial: Trial) -> None:
    async with trial.others(3) as others:
        run_id = new_run_id()
        started = await asyncio.gather(
            *(other.start(NOTHING_HAPPENS.argv, run_id) for other in (trial, *others))
        )
        trial.expect("starts that started it", 1, sum(started))
        outcomes = await asyncio.gather(*(other.follow(run_id) for other in (trial, *others)))
        trial.expect("all of them see one run", {outcomes[0]}, set(outcomes))
        trial.expect("its output is there once", 1, outcomes[0].text.count(SAYS))


async def output_can_be_taken_up_at_any_byte(trial: Trial) -> None:
    whole = await trial.run(NOTHING_HAPPENS)
    for offset in (1, 7, len(whole.output) - 1, len(whole.output), len(whole.output) + 100):
        rest = await trial.follow(whole.run_id, offset)
        trial.expect(f"output from byte {offset}", whole.output[offset:], rest.output)
        trial.expect(f"end from byte {offset}", whole.end, rest.end)


async def a_run_outlives_its_follower(trial: Trial) -> None:
    run_id = new_run_id()
    await trial.start(NOTHING_HAPPENS.argv, run_id)
    follower = asyncio.create_task(trial.follow(run_id))
    await asyncio.sleep(0)
    follower.cancel()
    await asyncio.wait([follower])
    outcome = await trial.follow(run_id)
    trial.expect("it ended as if nothing had happened", RunEnd(status=0, lost=False), outcome.end)
    trial.expect("its output is whole and there once", 1, outcome.text.count(SAYS))


async def cancel_ends_a_run(trial: Trial) -> None:
    """End an installation in its middle: what is left half-made is what the next one clears away."""
    run_id = new_run_id()
    begun = asyncio.Event()
    output = bytearray()

    async def keep(data: bytes) -> None:
        output.extend(data)
        begun.set()

    await trial.start((await install(trial)).argv, run_id)
    follower = asyncio.create_task(trial.agent.follow(run_id, 0, keep))
    waiting = asyncio.create_task(begun.wait())
    await asyncio.wait([follower, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    trial.expect("start came back while it was still running", False, follower.done())
    taken_up = asyncio.create_task(trial.follow(run_id, len(output)))
    had = len(output)
    await trial.agent.cancel(run_id)
    async with asyncio.timeout(30):
        end = await follower
        rest = await taken_up
    trial.expect("who takes up the rest sees the rest", (end, bytes(output[had:])), (rest.end, rest.output))
    trial.expect("its status is not that of success", True, end.status not in (0, None))
    again = await trial.follow(run_id)
    trial.expect("who follows later sees the same", (end, bytes(output)), (again.end, again.output))
    trial.expect("it cannot be started again", False, await trial.start(NOTHING_HAPPENS.argv, run_id))


async def install(trial: Trial) -> Command:
    """Return the call that installs the host's own release."""
    release = Release.parse((await trial.facts()).release)
    return ezjail.install(release, trial.mirror, sources=False, ports=False, host_release=release)
