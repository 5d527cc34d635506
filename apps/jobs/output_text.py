"""All that is kept of a job's output, as plain text."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from apps.jobs.models import Job, Step
from apps.jobs.output_reading import spans_before, stretches
from apps.jobs.terminal import cut_lines, plain
from apps.pages.wording import size

LAST_BYTES = 32 * 1024


def output_text(job: Job) -> Iterator[str]:
    """Return a job's output without escape sequences, a little at a time, with its gaps marked."""
    steps = list(job.steps.all())
    for step in steps:
        if len(steps) > 1 and step.started_at:
            yield f"# {shlex.join(step.argv)}\n"
        yield from _text_of(step, job.host.name)


def _text_of(step: Step, host: str) -> Iterator[str]:
    last = "\n"
    for stretch in stretches(step):
        if stretch.left_out:
            yield f"{_line_end(last)}[{left_out(stretch.left_out, step, host)}]\n"
            last = "\n"
        text = "".join(plain(line.data) for line in stretch.lines)
        yield text
        last = text[-1:] or last
    yield _line_end(last)


def _line_end(last: str) -> str:
    return "" if last == "\n" else "\n"


def last_text(step: Step) -> str:
    """Return the last LAST_BYTES or so of what a step printed, as text."""
    spans, _ = spans_before(step.pk, None, LAST_BYTES)
    lines, rest = cut_lines(spans[-1].data) if spans else ([], 0)
    return "".join([*(plain(line.data) for line in lines), plain(spans[-1].data[rest:]) if spans else ""])


def left_out(count: int, step: Step, host: str) -> str:
    """Say what the panel did not keep, and where it is."""
    return f"{size(count)} are not kept here. For 14 days the whole is on {host}: {kept_path(step)}"


def kept_path(step: Step) -> str:
    """Return where a step's whole output lies on its host (docs/operators/agent.md)."""
    return f"/var/db/jailpanel/runs/{step.run_id}/output"
