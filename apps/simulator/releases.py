"""Names and numbers of FreeBSD releases."""

from __future__ import annotations

import re

_NAME = re.compile(r"(\d+)\.(\d+)-")


def osreldate(release: str) -> int:
    """Give kern.osreldate of a release: 13.2 is 1302001 (captures/host.json), others end in 000.

    Args:
        release: e.g. "14.1-RELEASE-p5".
    """
    match = _NAME.match(release)
    if not match:
        return 1500000
    number = int(match[1]) * 100000 + int(match[2]) * 1000
    return number + 1 if release.startswith("13.2-") else number


def without_patch(release: str) -> str:
    """Take the patch level off: "14.1-RELEASE-p5" becomes "14.1-RELEASE"."""
    return re.sub(r"-p\d+$", "", release)
