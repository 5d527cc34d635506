"""The plans of flavours on a simulated host, through the agent's own script: what they do is what is seen."""

from __future__ import annotations

import asyncio
import hashlib

from apps.freebsd.parsers.flavours import parse_flavour_files
from apps.freebsd.parsers.sections import parse_sections
from apps.freebsd.values import FlavourName
from apps.freebsd.values.flavour_path import FlavourPath
from apps.jails.flavours import plans
from tests.simulator.machines import READY
from tests.simulator.served import NONCE, ask, connecting, only_host, serving, start_run

TOP = "/usr/jails/flavours"
EXAMPLE, WEB, RC = FlavourName("example"), FlavourName("web"), FlavourPath("etc/rc.conf")


async def run(line, number: int, plan) -> None:
    for at, step in enumerate(plan.commands):
        run_id = f"run-{number:04}-{at:04}"
        assert (await start_run(line, run_id, *step.argv)).status == 0
        followed = await ask(line, f"follow {run_id} 0")
        assert followed.stderr == b"exit 0\n", followed


async def listed(line) -> dict[str, str]:
    facts = parse_sections((await ask(line, f"facts {NONCE}")).stdout, NONCE)
    entries = parse_flavour_files(facts["flavour-files"].text)
    return {f"{entry.flavour}/{entry.path}": entry.mode for entry in entries if entry.kind == "-"}


def test_a_flavour_is_copied_changed_and_removed(tmp_path):
    async def scenario():
        async with serving(tmp_path, [READY]) as simulation, connecting(only_host(simulation)) as line:
            await run(line, 1, plans.new_plan(TOP, WEB, source=EXAMPLE))
            copied = await listed(line)
            await run(line, 2, plans.mode_plan(TOP, WEB, RC, executable=True))
            old = (await ask(line, f"read {TOP}/web/etc/rc.conf")).stdout
            was = hashlib.sha256(old).hexdigest()
            written = await ask(line, f"write {TOP}/web/etc/rc.conf {was} 4 alice job", b"new\n")
            await run(line, 3, plans.remove_plan(TOP, WEB, FlavourPath("etc/make.conf")))
            changed = await listed(line)
            held = (await ask(line, f"read {TOP}/web/etc/rc.conf")).stdout
            await run(line, 4, plans.delete_plan(TOP, WEB, is_default=False))
            return copied, old, written, changed, held, await listed(line)

    copied, old, written, changed, held, left = asyncio.run(scenario())
    assert b"sendmail_enable" in old
    assert {name for name in copied if name.startswith("web/")} == {
        name.replace("example/", "web/") for name in copied if name.startswith("example/")
    }
    assert (written.status, held) == (0, b"new\n")
    assert changed["web/etc/rc.conf"] == "rwxr-xr-x"
    assert "web/etc/make.conf" not in changed
    assert not [name for name in left if name.startswith("web/")]
    assert "example/etc/make.conf" in left
