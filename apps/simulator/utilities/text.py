"""Read and filter text."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

from apps.simulator import zeros
from apps.simulator.utilities import complain, options, utility, where

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from apps.simulator.call import Call

RELEASE_WITH_BASE64 = 14


async def inputs(call: Call, paths: list[str]) -> AsyncIterator[tuple[str, bytes]]:
    """Give each file's name and bytes, or standard input's; a missing one is complained of."""
    for path in paths or ["-"]:
        if path == "-":
            yield "-", await call.stdin()
            continue
        try:
            yield path, call.files.read_bytes(where(call, path))
        except OSError as error:
            await complain(call, error, path)


async def whole(call: Call, paths: list[str]) -> bytes | None:
    """Give all inputs joined; None when one of them is missing."""
    found = [data async for _path, data in inputs(call, paths)]
    return b"".join(found) if len(found) == max(1, len(paths)) else None


@utility("cat")
async def cat(call: Call) -> int:
    """Play cat; it passes on what comes as it comes."""
    paths = options(call)[1]
    if not paths:
        while chunk := await call.read():
            await call.sink_out(chunk)
        return 0
    seen = 0
    async for _path, data in inputs(call, paths):
        seen += 1
        await call.sink_out(data)
    return int(seen < len(paths))


def count_of(call: Call, letters: str, otherwise: str) -> tuple[str, str, list[str]]:
    """Read head's and tail's count: `-n 3`, `-c +3`, `-3`; gives the letter, the count, the files."""
    words = [re.sub(r"^-(\d+)$", r"-n\1", word) for word in call.args]
    found, paths = options(call.child((call.argv[0], *words)), valued=letters)
    letter = next((letter for letter in letters if letter in found), "n")
    return letter, found.get(letter, otherwise), paths


@utility("head")
async def head(call: Call) -> int:
    """Play head -n and -c."""
    letter, count, paths = count_of(call, "nc", "10")
    if letter == "c" and paths == [zeros.PATH]:
        return await zeros.copy(call, int(count))
    data = await whole(call, paths)
    if data is None:
        return 1
    taken = data[: int(count)] if letter == "c" else b"".join(data.splitlines(keepends=True)[: int(count)])
    await call.sink_out(taken)
    return 0


@utility("tail")
async def tail(call: Call) -> int:
    """Play tail -n and -c, from the end or with + from the start."""
    letter, count, paths = count_of(call, "nc", "10")
    data = await whole(call, paths)
    if data is None:
        return 1
    units: list[bytes] = data.splitlines(keepends=True) if letter == "n" else [bytes([one]) for one in data]
    number = int(count)
    start = max(0, number - 1) if count.startswith("+") else max(0, len(units) - abs(number))
    await call.sink_out(b"".join(units[start:]))
    return 0


@utility("wc")
async def wc(call: Call) -> int:
    """Play wc -l -w -c."""
    found, paths = options(call)
    async for path, data in inputs(call, paths):
        counts = {"l": data.count(b"\n"), "w": len(data.split()), "c": len(data)}
        shown = [f" {counts[letter]:>7}" for letter in "lwc" if letter in found or not found]
        await call.out("".join(shown) + ("" if path == "-" else f" {path}") + "\n")
    return 0


@utility("sort")
async def sort(call: Call) -> int:
    """Play sort -r -n -u."""
    found, paths = options(call, valued="kto")
    lines = (await whole(call, paths) or b"").splitlines()
    if "n" in found:
        lines.sort(key=lambda line: int((re.match(rb"\s*(-?\d+)", line) or [b"0", b"0"])[1]))
    else:
        lines.sort()
    if "u" in found:
        lines = list(dict.fromkeys(lines))
    ordered = lines[::-1] if "r" in found else lines
    await call.sink_out(b"".join(line + b"\n" for line in ordered))
    return 0


@utility("uniq")
async def uniq(call: Call) -> int:
    """Play uniq."""
    before = None
    for line in (await whole(call, options(call)[1]) or b"").splitlines(keepends=True):
        if line != before:
            await call.sink_out(line)
        before = line
    return 0


@utility("grep", "egrep", "fgrep")
async def grep(call: Call) -> int:
    """Play grep -q -v -i -c -x -F -n."""
    found, operands = options(call, valued="e")
    pattern = found["e"] if "e" in found else operands.pop(0)
    matches = _matcher(pattern, found)
    data = await whole(call, operands)
    if data is None:
        return 2
    lines = data.decode("utf-8", "surrogateescape").splitlines()
    hits = [(at, line) for at, line in enumerate(lines, 1) if matches(line) != ("v" in found)]
    if "c" in found:
        await call.out(f"{len(hits)}\n")
    elif "q" not in found:
        await call.out("".join((f"{at}:" if "n" in found else "") + line + "\n" for at, line in hits))
    return int(not hits)


def _matcher(pattern: str, found: dict[str, str]) -> Callable[[str], bool]:
    text = re.escape(pattern) if "F" in found else basic_to_python(pattern, extended="E" in found)
    compiled = re.compile(text, re.IGNORECASE if "i" in found else 0)
    test = compiled.fullmatch if "x" in found else compiled.search
    return lambda line: test(line) is not None


def basic_to_python(pattern: str, *, extended: bool = False) -> str:
    """Turn a basic regular expression into Python's: bare and escaped brackets change places."""
    text = pattern.replace("[[:space:]]", r"\s").replace("[[:digit:]]", r"\d")
    text = text.replace("[[:cntrl:]]", r"[\x00-\x1f\x7f]")
    if extended:
        return text
    swap = re.compile(r"\\([(){}|+?])|([(){}|+?])|(\[\^?\]?[^]]*\])")
    return swap.sub(lambda match: match[3] or match[1] or f"\\{match[2]}", text)


@utility("sed")
async def sed(call: Call) -> int:
    """Play sed with one script of s///, /…/d, /…/p and Nq, and -n; what it does not know it refuses."""
    found, operands = options(call, valued="e")
    script = found["e"] if "e" in found else operands.pop(0)
    data = await whole(call, operands)
    if data is None:
        return 1
    edit = _sed_edit(script)
    if edit is None:
        return await call.fail(f'sed: 1: "{script}": the simulator does not play this script')
    for line in data.decode("utf-8", "surrogateescape").splitlines(keepends=True):
        text, printed = edit(line.removesuffix("\n"))
        shown = printed if "n" in found else text
        await call.out("".join(item + line[len(line.removesuffix("\n")) :] for item in shown))
    return 0


def _sed_edit(script: str) -> Callable[[str], tuple[list[str], list[str]]] | None:
    substitute = re.fullmatch(r"s(.)((?:\\.|(?!\1).)*)\1((?:\\.|(?!\1).)*)\1([gp]*)", script, re.DOTALL)
    if substitute:
        pattern = re.compile(basic_to_python(substitute[2]))
        new = re.sub(r"(?<!\\)&", r"\\g<0>", substitute[3]).replace("\\/", "/")
        count = 0 if "g" in substitute[4] else 1
        return lambda line: ([pattern.sub(new, line, count=count)], [line] if pattern.search(line) else [])
    chosen = re.fullmatch(r"/((?:\\.|[^/])*)/([dp])", script)
    if chosen:
        hit, drop = re.compile(basic_to_python(chosen[1])).search, chosen[2] == "d"
        return lambda line: ([] if drop and hit(line) else [line], [line] if hit(line) else [])
    return None


@utility("tr")
async def tr(call: Call) -> int:
    """Play tr with plain sets and ranges, -d and -c."""
    found, operands = options(call)
    first, second = _set(operands[0]), _set(operands[1]) if len(operands) > 1 else ""
    text = (await call.stdin()).decode("latin-1")
    if "c" in found:
        first = "".join(chr(code) for code in range(256) if chr(code) not in first)
    if "d" in found:
        await call.sink_out(text.translate(dict.fromkeys(map(ord, first))).encode("latin-1"))
        return 0
    padded = second + second[-1:] * (len(first) - len(second))
    table = {ord(old): new for old, new in zip(first, padded, strict=False)}
    await call.sink_out(text.translate(table).encode("latin-1"))
    return 0


def _set(text: str) -> str:
    text = text.replace("\\n", "\n").replace("\\t", "\t").replace("\\0", "\0").replace("\\r", "\r")
    return re.sub(
        r"(.)-(.)",
        lambda match: "".join(map(chr, range(ord(match[1]), ord(match[2]) + 1))),
        text,
        flags=re.DOTALL,
    )


@utility("cut")
async def cut(call: Call) -> int:
    """Play cut -d -f and -c."""
    found, paths = options(call, valued="dfc")
    spec = found.get("f") or found.get("c") or "1-"
    for line in (await whole(call, paths) or b"").decode("utf-8", "surrogateescape").splitlines():
        units = line.split(found.get("d", "\t")) if "f" in found else list(line)
        glue = found.get("d", "\t") if "f" in found else ""
        await call.out(glue.join(unit for at, unit in enumerate(units, 1) if _in(at, spec)) + "\n")
    return 0


def _in(at: int, spec: str) -> bool:
    for piece in spec.split(","):
        low, dash, high = piece.partition("-")
        if int(low or 1) <= at <= (int(high or at) if dash else int(low)):
            return True
    return False


@utility("sha256", "sha256sum", "md5")
async def checksum(call: Call) -> int:
    """Play sha256 [-q] [-c string] and sha256sum; another digest than the string ends with 2 (md5(1))."""
    found, paths = options(call, valued="c")
    status = len(paths)
    differs = False
    name = call.argv[0].rpartition("/")[2]
    async for path, data in inputs(call, paths):
        status -= 1
        digest = hashlib.md5(data).hexdigest() if name == "md5" else hashlib.sha256(data).hexdigest()  # noqa: S324
        title = f"{name.upper()} ({path}) = {digest}"
        plain = digest if "q" in found or path == "-" else title
        wrong = found.get("c", digest).lower() != digest
        differs = differs or wrong
        mark = " [ Failed ]" if wrong and "q" not in found else ""
        await call.out((f"{digest}  {path}" if name.endswith("sum") else plain + mark) + "\n")
    return 2 if differs else int(status > 0)


@utility("b64encode", "b64decode", "base64")
async def base_64(call: Call) -> int:
    """Play b64encode -r, b64decode -r and, from 14 on, base64 [-d]."""
    name, found = call.argv[0].rpartition("/")[2], options(call, valued="o")[0]
    if name == "base64" and int(call.machine.spec.release.split(".")[0]) < RELEASE_WITH_BASE64:
        return await call.fail("sh: base64: not found", 127)
    data = await call.stdin()
    if name == "b64decode" or "d" in found:
        await call.sink_out(base64.b64decode(data))
    else:
        await call.sink_out(base64.encodebytes(data))
    return 0
