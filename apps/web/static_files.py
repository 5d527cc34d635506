"""Static files by WhiteNoise, in a shape that suits Django's ASGI handler."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]  # WhiteNoise has no types
    """WhiteNoise's middleware, which hands over whole files where the server is asynchronous.

    Given an open file, Django's ASGI handler warns, reads all of it anyway, and leaves it open when
    the browser goes in the middle. Ours are 100 KB at most once they are compressed.
    """

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponseBase:
        """Answer with a file."""
        response: FileResponse = WhiteNoiseMiddleware.serve(static_file, request)
        return _whole(response) if isinstance(request, ASGIRequest) else response


def _whole(response: FileResponse) -> HttpResponse:
    with closing(response):
        answer = HttpResponse(response.getvalue(), status=response.status_code)
    answer.headers = response.headers
    return answer
