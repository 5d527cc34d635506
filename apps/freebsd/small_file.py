"""Fetching a small file from a server that was set: in time, of bounded size, and from nowhere else."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from http.client import HTTPException
from typing import IO, TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, build_opener

from apps.freebsd.errors import PanelError, ParseError

if TYPE_CHECKING:
    from http.client import HTTPMessage
    from urllib.request import Request

TIMEOUT_S = 15.0
NOT_FOUND = 404


class MirrorAway(PanelError):
    """The mirror did not answer, or not with a file."""

    retry = True


class NotOffered(PanelError):
    """The mirror answers, and has nothing for this release."""


class NotGenuine(ParseError):
    """What the mirror gave is not what it should be."""


@dataclass(frozen=True, slots=True)
class SmallFiles:
    """Fetches small files of one server. Certificates are checked where the address begins with https.

    Args:
        what: What the server is called in sentences, such as “The update mirror”.
        where: Its address, for the same sentences.
        most_bytes: How long a file may be.
        timeout_s: Seconds that one file may take in all.
    """

    what: str
    where: str
    most_bytes: int
    timeout_s: float = TIMEOUT_S

    def fetch(self, url: str) -> bytes:
        """Return a small file, in the time that it may take: a socket's begins anew with each byte.

        Raises:
            MirrorAway: The server could not be reached.
            NotOffered: It has no such file.
            NotGenuine: It gave more than such a file is long.
        """
        answer: list[bytes | PanelError] = []
        thread = threading.Thread(target=self._ask, args=(url, answer), name="small-file", daemon=True)
        thread.start()
        thread.join(self.timeout_s)
        got = answer[0] if answer else self._away(f"it took longer than {self.timeout_s:g} seconds")
        if isinstance(got, PanelError):
            raise got
        return got

    def _ask(self, url: str, answer: list[bytes | PanelError]) -> None:
        try:
            # The scheme is http or https: whoever makes the address sees to it.
            with build_opener(StayHere).open(url, timeout=self.timeout_s) as response:
                answer.append(self._read(response, time.monotonic() + self.timeout_s))
        except HTTPError as error:
            error.close()
            answer.append(self._refused(error.code))
        except (OSError, HTTPException, ValueError) as error:
            answer.append(self._away(_reason(error)))
        except PanelError as error:
            answer.append(error)

    def _read(self, response: IO[bytes], until: float) -> bytes:
        data = b""
        while chunk := response.read1(self.most_bytes):  # type: ignore[attr-defined]  # http.client's own
            data += chunk
            if len(data) > self.most_bytes or time.monotonic() > until:
                raise NotGenuine(f"{self.what} gave more than such a file is long.")
        return data

    def _refused(self, status: int) -> PanelError:
        if status == NOT_FOUND:
            return NotOffered(f"{self.what} has nothing for this release.")
        return self._away(f"it answered with status {status}")

    def _away(self, why: str) -> MirrorAway:
        return MirrorAway(f"{self.what} {self.where} could not be reached: {why}.")


def _reason(error: Exception) -> str:
    """Say why in words, without the number that the system has for it."""
    cause = getattr(error, "reason", None) or error
    return str(getattr(cause, "strerror", None) or cause) or type(error).__name__


class StayHere(HTTPRedirectHandler):
    """Follows nowhere: the server is the one that was set."""

    def redirect_request(  # noqa: PLR0917  urllib's signature
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Have the redirect end as an error."""
