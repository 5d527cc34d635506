"""Static files by WhiteNoise, in the shape that Django's ASGI handler wants."""

from __future__ import annotations

from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any, BinaryIO

from django.core.handlers.asgi import ASGIRequest
from django.http import FileResponse, HttpRequest
from whitenoise.middleware import WhiteNoiseMiddleware

BLOCK_BYTES = 64 * 1024


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]  # WhiteNoise has no types
    """WhiteNoise's middleware, whose answers stream asynchronously where the server is asynchronous.

    Given a file, Django's ASGI handler warns, reads all of it into memory and only then sends it.
    """

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> FileResponse:
        """Answer with a file."""
        response: FileResponse = WhiteNoiseMiddleware.serve(static_file, request)
        if isinstance(request, ASGIRequest):
            response.streaming_content = _blocks(response.file_to_stream or BytesIO())
        return response


async def _blocks(file: BinaryIO) -> AsyncIterator[bytes]:
    # These files lie in the page cache; a thread for each read would cost more than the read.
    while block := file.read(BLOCK_BYTES):
        yield block
