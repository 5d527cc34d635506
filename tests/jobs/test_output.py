"""What a step prints on its way into the database: each byte once, no character cut in two."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.jobs.lease import claim
from apps.jobs.models import OutputChunk
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
