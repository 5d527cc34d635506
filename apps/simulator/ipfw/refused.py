"""How ipfw says no."""

from __future__ import annotations

USAGE, DATAERR, NOHOST, UNAVAILABLE, OSERR = 64, 65, 68, 69, 71


class Refused(Exception):
    """ipfw's complaint without its name, and the status that it ends with."""

    def __init__(self, text: str, status: int = DATAERR) -> None:
        """Say what is wrong; a line of its own ends some of the complaints, as in ipfw."""
        super().__init__(text)
        self.text = text
        self.status = status
