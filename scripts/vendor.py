#!/usr/bin/env python3
"""Fetch the front-end files that we ship, check them, and write static/vendor/ and static/icons.svg.

There is no build step: this runs only when a version or static/vendor/icons.txt changes, and its
output is committed. `--check` needs no network: it compares the files with static/vendor/README.md.
`--unused` names the icons that no template or module mentions.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import sys
import tarfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "static" / "vendor"
SPRITE = ROOT / "static" / "icons.svg"
ICON_NAMES = VENDOR / "icons.txt"
README = VENDOR / "README.md"
SVG = "http://www.w3.org/2000/svg"


@dataclass(frozen=True, slots=True)
class Package:
    """One npm package at one version, and what we take from it.

    Args:
        name: The package's name in the npm registry.
        version: The exact version.
        integrity: npm's `dist.integrity` of the tarball.
        licence: The SPDX name.
        files: Path in the package → file name in our folder.
    """

    name: str
    version: str
    integrity: str
    licence: str
    files: dict[str, str]

    @property
    def folder(self) -> str:
        """The folder below static/vendor/, for example tabler-core-1.6.1."""
        return f"{self.name.lstrip('@').replace('/', '-')}-{self.version}"

    @property
    def url(self) -> str:
        """Where the registry keeps the tarball."""
        return f"https://registry.npmjs.org/{self.name}/-/{self.name.split('/')[-1]}-{self.version}.tgz"


TABLER = Package(
    name="@tabler/core",
    version="1.6.1",
    integrity="sha512-lgmR9gcxRp5JlLxcmRi9Rz85JrEvH6Bz71KnlcPVSa97wtwQNjgSs3g3fxwbAlulHyRMghhIV04QUuW3pqDsIg==",
    licence="MIT",
    files={"dist/css/tabler.min.css": "tabler.min.css", "dist/js/tabler.min.js": "tabler.min.js"},
)
ICONS = Package(
    name="@tabler/icons",
    version="3.51.0",
    integrity="sha512-0pinvPZz7YeX+OSfxuEAbnEPWbocVXW5iU8h5lh41pYG8sZuQfpWECC980lxOT0clGIcNGn8xsBr+zKaRGdA/g==",
    licence="MIT",
    files={"LICENSE": "LICENSE"},
)
INTER = Package(
    name="@fontsource-variable/inter",
    version="5.3.0",
    integrity="sha512-OupL48va4JNofb97w6NYeF9S7W/kHNKM0Er8Dem5nqi4jeOLrVJDoE8tZEpnMJmtkvNbB1EIPPwHcdkF6b1oUA==",
    licence="OFL-1.1",
    files={
        "files/inter-latin-wght-normal.woff2": "inter-latin.woff2",
        "files/inter-latin-ext-wght-normal.woff2": "inter-latin-ext.woff2",
        "LICENSE": "LICENSE",
    },
)
PACKAGES = (TABLER, ICONS, INTER)

# The maps are bigger than the files; a manifest storage refuses a reference to a file that is not there.
SOURCE_MAP = re.compile(rb"\s*(/\*# sourceMappingURL=\S+ \*/|//# sourceMappingURL=\S+)\s*$")


def fetch(package: Package) -> dict[str, bytes]:
    """Download a package and return its files by path.

    Raises:
        ValueError: What came is not what `package.integrity` says.
    """
    with urllib.request.urlopen(package.url, timeout=60) as answer:  # noqa: S310  a constant https address
        tarball = answer.read()
    digest = base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    if f"sha512-{digest}" != package.integrity:
        raise ValueError(f"{package.url} is not the file that was pinned: sha512-{digest}")
    with tarfile.open(fileobj=io.BytesIO(tarball)) as archive:
        members = {member.name.partition("/")[2]: member for member in archive if member.isfile()}
        return {name: _bytes(archive, member) for name, member in members.items()}


def _bytes(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    return file.read() if file else b""


def write_files(package: Package, contents: dict[str, bytes]) -> None:
    """Write what we take from a package into its folder, without references to source maps."""
    folder = VENDOR / package.folder
    folder.mkdir(parents=True, exist_ok=True)
    for source, name in package.files.items():
        (folder / name).write_bytes(SOURCE_MAP.sub(b"\n", contents[source]))


def icon_names() -> list[str]:
    """Return the names in static/vendor/icons.txt."""
    return ICON_NAMES.read_text().split()


def symbol(name: str, svg: bytes) -> str:
    """Turn one icon into a symbol that takes its stroke from the `icon` class of whoever uses it."""
    drawing = ET.fromstring(svg)  # noqa: S314  comes from a tarball with a pinned hash
    paths = [shape.get("d", "") for shape in drawing.iter(f"{{{SVG}}}path") if shape.get("stroke") != "none"]
    if len(paths) != len([shape for shape in drawing if shape.get("stroke") != "none"]):
        raise ValueError(f"icon {name} is drawn with more than paths")
    body = "".join(f'<path d="{path}"/>' for path in paths)
    return f'<symbol id="{name}" viewBox="0 0 24 24">{body}</symbol>'


def write_sprite(contents: dict[str, bytes]) -> None:
    """Write static/icons.svg with the symbols of static/vendor/icons.txt."""
    symbols = [symbol(name, contents[f"icons/outline/{name}.svg"]) for name in icon_names()]
    head = f'<svg xmlns="{SVG}">\n<!-- Tabler Icons {ICONS.version}, MIT: vendor/{ICONS.folder}/LICENSE -->'
    SPRITE.write_text("\n".join([head, *symbols, "</svg>", ""]))


def rows() -> list[str]:
    """Return the README's table rows for what is in static/ now."""
    paths = [VENDOR / package.folder / name for package in PACKAGES for name in package.files.values()]
    by_folder = {package.folder: package for package in PACKAGES}
    lines = []
    for path in [*paths, SPRITE]:
        package = by_folder.get(path.parent.name, ICONS)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        file = path.relative_to(ROOT / "static")
        lines.append(f"| {file} | {package.name} {package.version} | {package.licence} | `{digest}` |")
    return lines


def write_readme() -> None:
    """Write where everything comes from, with the checksums that `--check` and the tests compare."""
    sources = "\n".join(f"- {package.url} (`{package.integrity}`)" for package in PACKAGES)
    README.write_text(README_TEXT.format(sources=sources, rows="\n".join(rows())))


README_TEXT = """# Front-end files of others

Written by `scripts/vendor.py`, which downloads, checks and unpacks these npm packages:

{sources}

Files are as published, but for the reference to a source map at their end, which is taken off.
tabler.min.js contains Bootstrap 5 (MIT, The Bootstrap Authors) and Popper (MIT, Federico Zivolo).
To take another icon, add its name to icons.txt and run `scripts/vendor.py`. htmx and its SSE
extension come from the Python package django-htmx.

| file | from | licence | sha256 |
| --- | --- | --- | --- |
{rows}
"""


def check() -> list[str]:
    """Return the table rows that README.md does not have: files that were changed by hand."""
    known = README.read_text()
    return [row for row in rows() if row not in known]


def unused() -> list[str]:
    """Return the icons that no template and no module names."""
    templates = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "tests").rglob("*.html")]
    places = [*templates, *(ROOT / "apps").rglob("*.py")]
    text = "\n".join(path.read_text() for path in places)
    return [name for name in icon_names() if f'"{name}"' not in text and f"'{name}'" not in text]


def main() -> int:
    """Fetch everything, or with `--check` or `--unused` only look."""
    if "--check" in sys.argv or "--unused" in sys.argv:
        found = check() if "--check" in sys.argv else unused()
        sys.stdout.writelines(f"{line}\n" for line in found)
        return 1 if found else 0
    for package in PACKAGES:
        contents = fetch(package)
        write_files(package, contents)
        if package is ICONS:
            write_sprite(contents)
    write_readme()
    return 0


if __name__ == "__main__":
    sys.exit(main())
