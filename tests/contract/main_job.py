"""The main job on a host: basejail, jails, their starts and stops, each proven by looking again."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from apps.freebsd.channel.agent import RunEnd
from apps.freebsd.commands import ezjail
from apps.freebsd.values import FlavourName, JailAddresses, JailName, Release
from tests.contract.runs import install

if TYPE_CHECKING:
    from apps.freebsd.commands import Command
    from apps.freebsd.parsers.jails import JailFacts
    from tests.contract.trial import Outcome, Trial

DONE = RunEnd(status=0, lost=False)
FAILED = RunEnd(status=1, lost=False)
PRIVATE = "10.98.76."
PUBLIC = "192.0.2."


def new_name() -> JailName:
    """Return a name that no jail has and that ezjail folds: it becomes jpc_… there."""
    return JailName.parse(f"jpc-{secrets.token_hex(4)}")


async def a_jail_lives_its_life(trial: Trial) -> None:
    await installed(trial)
    name = new_name()
    addresses = JailAddresses.parse(f"lo0|{PRIVATE}2/24")
    await _done(trial, ezjail.create(name, addresses))
    await _expect_created(trial, name, addresses)
    first = await _expect_started(trial, name, f"{PRIVATE}2")
    outcome = await _done(trial, ezjail.onestart(name))
    trial.expect_in("a second start says so", "already exists", outcome.text)
    trial.expect("and leaves it running", first, await _jid(trial, name))
    await _done(trial, ezjail.onerestart(name))
    second = await _jid(trial, name)
    trial.expect("a restart gives it another JID", True, second not in (None, first))
    await _expect_norun_holds(trial, name, second)
    await _expect_stopped(trial, name, f"{PRIVATE}2")
    await _expect_deleted_but_not_wiped(trial, name)


async def what_must_fail_fails_as_we_know_it(trial: Trial) -> None:
    await installed(trial)
    name, twin = new_name(), new_name()
    await _done(trial, ezjail.create(name, JailAddresses.parse(f"lo0|{PRIVATE}4/24")))
    folded = JailName.parse(name.text.replace("-", "."))
    outcome = await trial.run(ezjail.create(folded, JailAddresses.parse(f"lo0|{PRIVATE}5/24")))
    trial.expect("two names that fold into one", FAILED, outcome.end)
    trial.expect_in("are told so", "Error: An ezjail config already exists at", outcome.text)
    flavour = FlavourName.parse("no-such-flavour")
    outcome = await trial.run(ezjail.create(twin, JailAddresses.parse(f"lo0|{PRIVATE}5/24"), flavour=flavour))
    trial.expect("a flavour that is not there", FAILED, outcome.end)
    trial.expect_in("is named", "no-such-flavour not found", outcome.text)
    outcome = await trial.run(ezjail.onestart(twin))
    trial.expect_in("a start of nobody warns", f" Warning: Jail {twin.safe_name} not found.", outcome.text)
    outcome = await trial.run(ezjail.delete(twin, wipe=True, force=True))
    trial.expect("a delete of nobody", FAILED, outcome.end)
    trial.expect_in("says so", f"Error: Nothing known about jail {twin}.", outcome.text)
    await _done(trial, ezjail.onestart(name))
    outcome = await trial.run(ezjail.delete(name, wipe=True, force=False))
    trial.expect("a delete of a running jail", FAILED, outcome.end)
    trial.expect_in("says so as well", "Error: Jail appears to be still running.", outcome.text)
    trial.expect("and leaves it running", True, await _jid(trial, name) is not None)
    await _done(trial, ezjail.delete(name, wipe=True, force=True))
    trial.expect("with force it goes", None, await trial.jail(name.safe_name))
    trial.expect("from the kernel too", False, await _in_kernel(trial, name))


async def a_jail_with_two_addresses_and_a_flavour(trial: Trial) -> None:
    facts = await installed(trial)
    name = new_name()
    card = next(found.name for found in facts.interfaces if not found.name.startswith("lo"))
    addresses = JailAddresses.parse(f"lo0|{PRIVATE}3/24,{card}|{PUBLIC}77/32")
    trial.expect("the flavour that ezjail brings is there", True, "example" in facts.flavours)
    await _done(trial, ezjail.create(name, addresses, flavour=FlavourName.parse("example")))
    jail = await _known(trial, name)
    trial.expect("both addresses, in order", str(addresses), _addresses(jail))
    await _done(trial, ezjail.onestart(name))
    jail = await _known(trial, name)
    running = jail.running.addresses if jail.running else ()
    trial.expect("the kernel has both", [f"{PRIVATE}3", f"{PUBLIC}77"], [str(found) for found in running])
    await _done(trial, ezjail.delete(name, wipe=True, force=True))
    after = await trial.facts()
    trial.expect("it is gone", [], [jail.name for jail in after.jails if jail.name == name.text])
    trial.expect("its root is gone", False, any(root.endswith(f"/{name}") for root in after.leftovers.roots))
    trial.expect("its addresses are gone", facts.interfaces, after.interfaces)


async def installed(trial: Trial) -> object:
    """Have a whole basejail of the host's own release, and return the facts."""
    facts = await trial.facts()
    release = Release.parse(facts.release)
    if not facts.basejail.complete or facts.basejail.half_made:
        await _done(trial, await install(trial))
        facts = await trial.facts()
    trial.expect("the basejail is whole", ((), ()), (facts.basejail.missing, facts.basejail.half_made))
    trial.expect("it is of the release asked for", release.name, Release.parse(facts.basejail.release).name)
    return facts


async def _done(trial: Trial, command: Command) -> Outcome:
    outcome = await trial.run(command)
    words = " ".join(command.argv)
    trial.expect(f"status of {words}", DONE, outcome.end)
    errors = [line for line in outcome.text.splitlines() if line.startswith("Error:")]
    trial.expect(f"errors of {words}", [], errors)
    return outcome


async def _known(trial: Trial, name: JailName) -> JailFacts:
    jail = await trial.jail(name.safe_name)
    if jail is None:
        raise AssertionError(f"the probe does not know {name}")
    return jail


async def _jid(trial: Trial, name: JailName) -> int | None:
    jail = await _known(trial, name)
    return jail.running.jid if jail.running else None


async def _in_kernel(trial: Trial, name: JailName) -> bool:
    facts = await trial.facts()
    return any(jail.name == name.safe_name for jail in facts.running)


def _addresses(jail: JailFacts) -> str:
    return ",".join(address.text for address in jail.addresses)


async def _expect_created(trial: Trial, name: JailName, addresses: JailAddresses) -> None:
    jail = await _known(trial, name)
    facts = await trial.facts()
    trial.expect("its name", name.text, jail.name)
    trial.expect("its addresses", str(addresses), _addresses(jail))
    trial.expect("its root", f"{facts.ezjail.settings.jaildir}/{name}", jail.root)
    trial.expect("its root is there", True, jail.root_exists)
    trial.expect("nothing is odd about its file", "", jail.problem)
    trial.expect("it starts at boot", True, jail.run_at_boot)
    trial.expect("it does not run", None, jail.running)
    fstab = (await trial.agent.read(f"/etc/fstab.{name.safe_name}")).decode()
    base = facts.ezjail.settings.jailbase
    trial.expect("its fstab", f"{base} {jail.root}/basejail nullfs ro 0 0\n", fstab)
    config = await trial.agent.read(f"/usr/local/etc/ezjail/{name.safe_name}")
    trial.expect("its file reads as the probe showed it", jail.config_text, config.decode())


async def _expect_started(trial: Trial, name: JailName, address: str) -> int | None:
    outcome = await _done(trial, ezjail.onestart(name))
    trial.expect_in("what a start says", f"Starting jails: {name}.\n", outcome.text)
    jail = await _known(trial, name)
    running = jail.running
    trial.expect("it runs", True, running is not None)
    if running is None:
        return None
    trial.expect("its name in the kernel", name.safe_name, running.name)
    trial.expect("its host name", name.text, running.hostname)
    trial.expect("its path", jail.root, running.path)
    trial.expect("its address", [address], [str(found) for found in running.addresses])
    trial.expect("its id file", running.jid, jail.id_jid)
    trial.expect("the address is on the host", True, address in await _host_addresses(trial))
    return running.jid


async def _expect_norun_holds(trial: Trial, name: JailName, jid: int | None) -> None:
    """ezjail skips a norun jail by name, silently, even to stop it (reference ezjail §0.3)."""
    await _done(trial, ezjail.config_run(name, run=False))
    jail = await _known(trial, name)
    trial.expect("norun: it does not start at boot", False, jail.run_at_boot)
    outcome = await _done(trial, ezjail.onestop(name))
    trial.expect_in("norun: a stop is skipped", f" skipping {name.safe_name}", outcome.text)
    trial.expect("norun: it still runs", jid, await _jid(trial, name))
    await _done(trial, ezjail.config_run(name, run=True))
    jail = await _known(trial, name)
    trial.expect("run: it starts at boot", True, jail.run_at_boot)


async def _expect_stopped(trial: Trial, name: JailName, address: str) -> None:
    outcome = await _done(trial, ezjail.onestop(name))
    trial.expect_in("what a stop says", f"Stopping jails: {name}.\n", outcome.text)
    trial.expect("it does not run", None, await _jid(trial, name))
    trial.expect("the kernel does not have it", False, await _in_kernel(trial, name))
    trial.expect("its address has left the host", False, address in await _host_addresses(trial))


async def _expect_deleted_but_not_wiped(trial: Trial, name: JailName) -> None:
    jail = await _known(trial, name)
    await _done(trial, ezjail.delete(name, wipe=False, force=False))
    facts = await trial.facts()
    trial.expect("ezjail has forgotten it", None, await trial.jail(name.safe_name))
    trial.expect("its root is left", True, jail.root in facts.leftovers.roots)


async def _host_addresses(trial: Trial) -> set[str]:
    facts = await trial.facts()
    return {str(address.ip) for found in facts.interfaces for address in found.addresses}
