"""The main job on a host: basejail, jails, their starts and stops, each proven by looking again."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.freebsd.channel.agent import RunEnd
from apps.freebsd.commands import ezjail
from apps.freebsd.parsers.facts import HostFacts
from apps.freebsd.values import FlavourName, JailAddresses, JailName, Release
from tests.contract.inside import a_running_jail_can_be_looked_into
from tests.contract.runs import install

if TYPE_CHECKING:
    from apps.freebsd.commands import Command
    from apps.freebsd.parsers.jails import JailFacts
    from tests.contract.trial import Outcome, Trial

DONE = RunEnd(status=0, lost=False)
FAILED = RunEnd(status=1, lost=False)
PRIVATE = "10.98.76."
PUBLIC = "192.0.2."
EXAMPLE = FlavourName.parse("example")


@dataclass(frozen=True, slots=True)
class Seen:
    """What one probe says about one jail and its host."""

    facts: HostFacts
    name: JailName

    @property
    def known(self) -> JailFacts | None:
        return next((jail for jail in self.facts.jails if jail.safe_name == self.name.safe_name), None)

    @property
    def jail(self) -> JailFacts:
        if self.known is None:
            raise AssertionError(f"the probe does not know {self.name}")
        return self.known

    @property
    def jid(self) -> int | None:
        """Its number in the kernel, whether ezjail knows it or not."""
        running = self.facts.running
        return next((jail.jid for jail in running if jail.name == self.name.safe_name), None)

    @property
    def addresses(self) -> str:
        return ",".join(address.text for address in self.jail.addresses)

    def host_has(self, address: str) -> bool:
        found = (str(one.ip) for interface in self.facts.interfaces for one in interface.addresses)
        return address in found


async def look(trial: Trial, name: JailName) -> Seen:
    return Seen(await trial.facts(), name)


def new_name() -> JailName:
    """Return a name that no jail has and that ezjail folds: it becomes jpc_… there."""
    return JailName.parse(f"jpc-{secrets.token_hex(4)}")


async def a_jail_lives_its_life(trial: Trial) -> None:
    await installed(trial)
    name = new_name()
    addresses = JailAddresses.parse(f"lo0|{PRIVATE}2/24")
    await done(trial, ezjail.create(name, addresses))
    await _expect_created(trial, name, addresses)
    first = await _expect_started(trial, name, f"{PRIVATE}2")
    await a_running_jail_can_be_looked_into(trial, name)
    outcome = await done(trial, ezjail.onestart(name))
    trial.expect_in("a second start says so", "already exists", outcome.text)
    trial.expect("and leaves it running", first, (await look(trial, name)).jid)
    await done(trial, ezjail.onerestart(name))
    second = (await look(trial, name)).jid
    trial.expect("a restart gives it another JID", True, second not in (None, first))
    await _expect_norun_holds(trial, name, second)
    root = await _expect_stopped(trial, name, f"{PRIVATE}2")
    await _expect_forgotten(trial, name, root)


async def what_must_fail_fails_as_we_know_it(trial: Trial) -> None:
    await installed(trial)
    name, nobody = new_name(), new_name()
    await done(trial, ezjail.create(name, JailAddresses.parse(f"lo0|{PRIVATE}4/24")))
    await _expect_refusals(trial, name, nobody)
    await done(trial, ezjail.onestart(name))
    outcome = await trial.run(ezjail.delete(name, wipe=True, force=False))
    trial.expect("a delete of a running jail", FAILED, outcome.end)
    trial.expect_in("says so", "Error: Jail appears to be still running.", outcome.text)
    trial.expect("and leaves it running", True, (await look(trial, name)).jid is not None)
    await done(trial, ezjail.delete(name, wipe=True, force=True))
    after = await look(trial, name)
    trial.expect("with force ezjail forgets it", None, after.known)
    trial.expect("and the kernel too", None, after.jid)


async def a_jail_with_two_addresses_and_a_flavour(trial: Trial) -> None:
    facts = await installed(trial)
    name = new_name()
    card = next(found.name for found in facts.interfaces if not found.name.startswith("lo"))
    addresses = JailAddresses.parse(f"lo0|{PRIVATE}3/24,{card}|{PUBLIC}77/32")
    trial.expect("the flavour that ezjail brings is there", True, EXAMPLE.text in facts.flavours)
    await done(trial, ezjail.create(name, addresses, flavour=EXAMPLE))
    await done(trial, ezjail.onestart(name))
    seen = await look(trial, name)
    trial.expect("both addresses, in order", str(addresses), seen.addresses)
    running = seen.jail.running.addresses if seen.jail.running else ()
    trial.expect("the kernel has both", [f"{PRIVATE}3", f"{PUBLIC}77"], [str(one) for one in running])
    await done(trial, ezjail.delete(name, wipe=True, force=True))
    after = await look(trial, name)
    trial.expect("it is gone", None, after.known)
    trial.expect("its root is gone", False, seen.jail.root in after.facts.leftovers.roots)
    trial.expect("its addresses are gone", facts.interfaces, after.facts.interfaces)


async def installed(trial: Trial) -> HostFacts:
    """Have a whole basejail of the host's own release, and return what a probe says then."""
    facts = await trial.facts()
    release = Release.parse(facts.release)
    if not facts.basejail.complete or facts.basejail.half_made:
        await done(trial, await install(trial))
        facts = await trial.facts()
    trial.expect("the basejail is whole", ((), ()), (facts.basejail.missing, facts.basejail.half_made))
    trial.expect("it is of the release asked for", release.name, Release.parse(facts.basejail.release).name)
    return facts


async def done(trial: Trial, command: Command) -> Outcome:
    """Run what must succeed."""
    outcome = await trial.run(command)
    words = " ".join(command.argv)
    trial.expect(f"status of {words}", DONE, outcome.end)
    errors = [line for line in outcome.text.splitlines() if line.startswith("Error:")]
    trial.expect(f"errors of {words}", [], errors)
    return outcome


async def _expect_created(trial: Trial, name: JailName, addresses: JailAddresses) -> None:
    seen = await look(trial, name)
    jail, settings = seen.jail, seen.facts.ezjail.settings
    trial.expect("its name", name.text, jail.name)
    trial.expect("its addresses", str(addresses), seen.addresses)
    trial.expect("its root", f"{settings.jaildir}/{name}", jail.root)
    trial.expect("its root is there", True, jail.root_exists)
    trial.expect("nothing is odd about its file", "", jail.problem)
    trial.expect("it starts at boot", True, jail.run_at_boot)
    trial.expect("it does not run", None, jail.running)
    fstab = (await trial.agent.read(f"/etc/fstab.{name.safe_name}")).decode()
    trial.expect("its fstab", f"{settings.jailbase} {jail.root}/basejail nullfs ro 0 0\n", fstab)
    config = await trial.agent.read(f"/usr/local/etc/ezjail/{name.safe_name}")
    trial.expect("its file reads as the probe showed it", jail.config_text, config.decode())


async def _expect_started(trial: Trial, name: JailName, address: str) -> int | None:
    outcome = await done(trial, ezjail.onestart(name))
    trial.expect_in("what a start says", f"Starting jails: {name}.\n", outcome.text)
    seen = await look(trial, name)
    running = seen.jail.running
    trial.expect("it runs", True, running is not None)
    if running is None:
        return None
    trial.expect("its host name", name.text, running.hostname)
    trial.expect("its path", seen.jail.root, running.path)
    trial.expect("its address", [address], [str(found) for found in running.addresses])
    trial.expect("its id file", running.jid, seen.jail.id_jid)
    trial.expect("the address is on the host", True, seen.host_has(address))
    return running.jid


async def _expect_norun_holds(trial: Trial, name: JailName, jid: int | None) -> None:
    """ezjail skips a norun jail by name, silently, even to stop it (reference ezjail §0.3)."""
    await done(trial, ezjail.config_run(name, run=False))
    outcome = await done(trial, ezjail.onestop(name))
    trial.expect_in("norun: a stop is skipped", f" skipping {name.safe_name}", outcome.text)
    seen = await look(trial, name)
    trial.expect("norun: it does not start at boot", False, seen.jail.run_at_boot)
    trial.expect("norun: it still runs", jid, seen.jid)
    await done(trial, ezjail.config_run(name, run=True))


async def _expect_stopped(trial: Trial, name: JailName, address: str) -> str:
    outcome = await done(trial, ezjail.onestop(name))
    trial.expect_in("what a stop says", f"Stopping jails: {name}.\n", outcome.text)
    seen = await look(trial, name)
    trial.expect("run: it starts at boot again", True, seen.jail.run_at_boot)
    trial.expect("it does not run", None, seen.jid)
    trial.expect("its address has left the host", False, seen.host_has(address))
    return seen.jail.root


async def _expect_forgotten(trial: Trial, name: JailName, root: str) -> None:
    """Delete without wiping: the root stays behind."""
    await done(trial, ezjail.delete(name, wipe=False, force=False))
    seen = await look(trial, name)
    trial.expect("ezjail has forgotten it", None, seen.known)
    trial.expect("its root is left", True, root in seen.facts.leftovers.roots)


async def _expect_refusals(trial: Trial, name: JailName, nobody: JailName) -> None:
    addresses = JailAddresses.parse(f"lo0|{PRIVATE}5/24")
    folded = JailName.parse(name.text.replace("-", "."))
    outcome = await trial.run(ezjail.create(folded, addresses))
    trial.expect("two names that fold into one", FAILED, outcome.end)
    trial.expect_in("are told so", "Error: An ezjail config already exists at", outcome.text)
    missing = FlavourName.parse("no-such-flavour")
    outcome = await trial.run(ezjail.create(nobody, addresses, flavour=missing))
    trial.expect("a flavour that is not there", FAILED, outcome.end)
    trial.expect_in("is named", f"{missing} not found", outcome.text)
    outcome = await trial.run(ezjail.onestart(nobody))
    trial.expect_in("a start of nobody warns", f" Warning: Jail {nobody.safe_name} not found.", outcome.text)
    outcome = await trial.run(ezjail.delete(nobody, wipe=True, force=True))
    trial.expect("a delete of nobody", FAILED, outcome.end)
    trial.expect_in("says so", f"Error: Nothing known about jail {nobody}.", outcome.text)
