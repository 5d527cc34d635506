"""More of pkg(8)'s words: query, upgrade, and audit with its list of vulnerabilities.

Source: pkg-query(8), pkg-upgrade(8), pkg-audit(8), reference jail-tools.md §9.2; the texts: inferred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator import packages
from apps.simulator.getopt import getopt
from apps.simulator.tools.pkg import FETCH_SECONDS, Run, catalogue, unpack, word

if TYPE_CHECKING:
    from apps.simulator.packages import Package

LIST = "/var/db/pkg/vuln.xml"
# What the simulated list of vulnerabilities names.
VULNERABLE = frozenset({"curl-8.11.1", "nginx-1.26.1,3"})


@word("query")
async def query(run: Run, words: list[str]) -> int:
    """Play `pkg query -a FORMAT`; with nothing installed it prints nothing and ends with 1."""
    _found, operands = getopt(words, "aF:egix")
    have = packages.installed(run.files)
    form = operands[0].replace("\\t", "\t").replace("\\n", "\n") if operands else "%n-%v"
    for package in have.values():
        await run.call.out(f"{_filled(form, package)}\n")
    return 0 if have else 1


def _filled(form: str, package: Package) -> str:
    size = package.size_kb * 1024
    values = {"%sb": str(size), "%sh": f"{package.size_kb}KiB", "%n": package.name, "%v": package.version}
    values |= {"%o": package.origin, "%c": package.comment}
    values |= {"%a": str(int(package.automatic)), "%k": str(int(package.locked))}
    for key, value in values.items():
        form = form.replace(key, value)
    return form


@word("upgrade")
async def upgrade(run: Run, words: list[str]) -> int:
    """Play `pkg upgrade -y [NAME…]`."""
    found, names = getopt(words, "fFgiInqr:Uxy")
    if not await catalogue(run):
        return 1
    have = packages.installed(run.files)
    old = [package for package in have.values() if not names or package.name in names]
    new = [packages.REPOSITORY[package.name] for package in old if _is_old(package) and not package.locked]
    if not new:
        await run.call.out("Checking for upgrades (0 candidates): done\nYour packages are up to date.\n")
        return 0
    if "y" not in dict(found) and not run.assumes_yes:
        await run.call.out("Proceed with this action? [y/N]: \n")
        return 1
    return await unpack(run, new)


def _is_old(package: Package) -> bool:
    offered = packages.REPOSITORY.get(package.name)
    return offered is not None and offered.version != package.version


@word("audit")
async def audit(run: Run, words: list[str]) -> int:
    """Play `pkg audit [-F] [-q] [NAME-VERSION…]`: 1 when one of them, or of what is installed, is bad."""
    found, names = getopt(words, "Ff:qRr")
    letters = {letter for letter, _ in found}
    call, files = run.call, run.files
    if "F" in letters:
        await call.pause(FETCH_SECONDS)
        if call.machine.faults.fetch_fails:
            return await call.fail("pkg: cannot fetch vulnxml file")
        files.mkdir(LIST.rpartition("/")[0], parents=True)
        files.write_text(LIST, "<vuxml/>\n")
    if not files.exists(LIST):
        return await call.fail(f"pkg: vulnxml file {LIST} does not exist. Try running 'pkg audit -F' first")
    looked_at = names or [package.full_name for package in packages.installed(files).values()]
    bad = [name for name in looked_at if name in VULNERABLE]
    for name in bad:
        await call.out(
            f"{name}\n" if "q" in letters else f"{name} is vulnerable:\n  simulated -- of no harm\n\n"
        )
    if "q" not in letters:
        await call.out(f"{len(bad)} problem(s) in {len(bad)} installed package(s) found.\n")
    return 1 if bad else 0
