"""What a step prints on its way into the database: each byte once, no character cut in two."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from apps.jobs import output
from apps.jobs.lease import claim
from apps.jobs.models import OutputChunk, Step
from apps.jobs.output import MAX_CHUNK_BYTES, OutputBuffer, store_output, whole_characters
from tests.jobs.conftest import make_job, output_of


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (b"", 0),
        (b"abc", 3),
        ("é".encode(), 2),
        ("é".encode()[:1], 0),
        ("a🦊".encode()[:4], 1),
        ("a🦊".encode(), 5),
        ("字a".encode(), 4),
        ("字".encode()[:2], 0),
        (b"\x80\x80\x80\x80\x80", 5),
        (b"a\xff", 1),
        (b"\xffa", 2),
    ],
)
def test_whole_characters(data, whole):
    assert whole_characters(data) == whole


@given(st.text(), st.integers(0, 50))
def test_the_whole_part_of_any_text_cut_anywhere_is_text(text, cut):
    data = text.encode()[:cut]
    whole = whole_characters(data)
    assert data[:whole].decode() == text[: len(data[:whole].decode())]
    assert len(data) - whole < 4


@given(st.binary())
def test_no_more_than_three_bytes_are_ever_held_back(data):
    assert len(data) - 3 <= whole_characters(data) <= len(data)


@given(st.lists(st.binary(max_size=12)))
def test_a_buffer_gives_back_what_it_was_given(pieces):
    buffer, taken = OutputBuffer(), b""
    for piece in pieces:
        asyncio.run(buffer.put(piece))
        taken += buffer.take(everything=False)
    assert taken + buffer.take(everything=True) == b"".join(pieces)
    assert buffer.take(everything=True) == b""


@pytest.fixture
def job(host):
    return make_job(host)


@pytest.fixture
def store(job):
    """Store bytes as the worker that holds the job."""
    lease, step = claim(job.host_id), job.steps.get()
    return lambda data: store_output(lease, step, data)


def test_pieces_are_stored_one_after_the_other(job, store):
    for piece in (b"one", b"", b"two", b"three"):
        store(piece)
    assert output_of(job) == b"onetwothree"
    assert OutputChunk.objects.count() == 3


def test_a_large_piece_becomes_chunks_of_limited_size(job, store):
    data = bytes(range(256)) * 1000
    store(data)
    assert output_of(job) == data
    assert max(len(chunk.data) for chunk in OutputChunk.objects.all()) <= MAX_CHUNK_BYTES


def test_pages_are_told_that_there_is_more_and_not_what(job, store, sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        store(b"a secret")
    assert sent.events == [f"job:{job.pk} {job.pk}"]


def test_storing_nothing_writes_nothing(job, store, django_assert_num_queries):
    with django_assert_num_queries(0):
        store(b"")


# -- how much is kept -------------------------------------------------------------------------------------


def kept(step: Step) -> list[tuple[int, bytes]]:
    """What is stored of a step, as unbroken pieces with their offsets."""
    pieces: list[tuple[int, bytes]] = []
    for chunk in OutputChunk.objects.filter(step=step).order_by("offset"):
        if pieces and pieces[-1][0] + len(pieces[-1][1]) == chunk.offset:
            pieces[-1] = (pieces[-1][0], pieces[-1][1] + bytes(chunk.data))
        else:
            pieces.append((chunk.offset, bytes(chunk.data)))
    return pieces


@pytest.fixture
def small(settings, monkeypatch):
    """Keep little, so that a test needs to print little."""
    settings.JOB_OUTPUT_KEEP_BYTES = 40
    monkeypatch.setattr(output, "TAIL_BYTES", 16)
    monkeypatch.setattr(output, "MAX_CHUNK_BYTES", 8)


def test_beginning_and_end_of_much_output_are_kept_and_all_of_it_is_counted(job, store, small):
    text = b"".join(b"%04d " % number for number in range(100))
    for start in range(0, len(text), 10):
        store(text[start : start + 10])
    step = job.steps.get()
    (begin, head), (offset, tail) = kept(step)
    assert (begin, head) == (0, text[:40])
    assert text[offset:] == tail
    assert 16 <= len(tail) <= 16 + 8 + 10
    assert step.output_bytes == len(text)


def test_a_flood_is_stored_no_more_than_its_ends(job, store, small, django_assert_max_num_queries):
    store(b"x" * 30)
    with django_assert_max_num_queries(8):
        store(b"y" * 100_000 + b"the very end")
    step = job.steps.get()
    assert kept(step) == [(0, b"x" * 30 + b"y" * 10), (100_026, b"yyyy" + b"the very end")]
    assert step.output_bytes == 100_042


@examples(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text("aé字🦊\n", max_size=150),
    cuts=st.lists(st.integers(0, 400), max_size=12),
    takeovers=st.sets(st.integers(0, 12)),
)
def test_however_it_comes_what_is_kept_is_whole_and_true_to_its_place(job, small, text, cuts, takeovers):
    """Pieces of any size, and another worker now and then that follows from the byte that was counted."""
    OutputChunk.objects.all().delete()
    Step.objects.update(output_bytes=0, percent=None)
    lease = SimpleNamespace(job_id=job.pk, renew=lambda: None)
    data, step = text.encode(), job.steps.get()
    bounds = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    buffer = OutputBuffer()
    for number, (start, end) in enumerate(pairwise(bounds)):
        asyncio.run(buffer.put(data[start:end]))
        store_output(lease, step, buffer.take(everything=False))
        if number in takeovers:
            step, buffer = job.steps.get(), OutputBuffer()
            asyncio.run(buffer.put(data[step.output_bytes : end]))
    store_output(lease, step, buffer.take(everything=True))
    assert job.steps.get().output_bytes == len(data)
    pieces = kept(step)
    assert len(pieces) <= 2
    for offset, piece in pieces:
        assert piece.decode().encode() == data[offset : offset + len(piece)]
    assert data[:40].startswith(b"".join(piece for offset, piece in pieces[:1])[:40])
    assert data.endswith(b"".join(piece for _, piece in pieces[-1:]))
    assert sum(len(piece) for _, piece in pieces) >= min(len(data), 40 + 16 - 6)


def test_a_host_waits_while_a_worker_has_not_stored_what_it_sent(monkeypatch):
    monkeypatch.setattr(output, "BUFFER_BYTES", 10)
    buffer = OutputBuffer()

    async def send() -> bytes:
        await buffer.put(b"x" * 10)
        waiting = asyncio.create_task(buffer.put(b"more"))
        await asyncio.sleep(0)
        assert not waiting.done()
        taken = buffer.take(everything=True)
        await waiting
        return taken

    assert asyncio.run(send()) == b"x" * 10 + b"more"


# -- how far the tool says it is ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pieces", "percent"),
    [
        ((b"nothing to measure\n",), None),
        ((b"base.txz  14% of 150 MB  5 MBps 00m20s\r",), 14),
        ((b"  1%\r", b"  2%\r", b" 99%\r"), 99),
        ((b"12 %", b" done\n"), 12),
        ((b"1", b"4", b" %\n"), 14),
        ((b"14", b"%\n"), 14),
        ((b"40%\n", b"then silence\n"), 40),
        ((b"99.9%",), 99),
        ((b"100.00%",), 100),
        ((b"1000% sure, 250%",), None),
        ((b"%s %d %",), None),
    ],
)
def test_the_last_percentage_that_a_tool_printed_is_noted(job, store, pieces, percent):
    for piece in pieces:
        store(piece)
    assert job.steps.get().percent == percent


def test_a_percentage_that_was_cut_before_a_takeover_is_put_together(job):
    lease, data = claim(job.host_id), (b"done: 7", b"5 %\n")
    for piece in data:
        store_output(lease, job.steps.get(), piece)
    assert job.steps.get().percent == 75
