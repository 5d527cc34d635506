"""Rules of all kinds that the kernel accepts, for hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from apps.freebsd.limits.actions import Subject
from apps.freebsd.limits.catalogue import RESOURCES
from apps.freebsd.limits.model import LimitRule

NAMES = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)


@st.composite
def rules(draw, names=NAMES, subjects=tuple(Subject), highest=None):
    resource = draw(st.sampled_from(RESOURCES))
    allowed = [one for one in Subject if not (resource.is_shared and one is Subject.PROCESS)]
    subject = draw(st.sampled_from([one for one in subjects if one in allowed]))
    pids = st.integers(1, 99999).map(str)
    return LimitRule(
        subject,
        draw(pids if subject is Subject.PROCESS else names),
        resource.name,
        draw(st.sampled_from(resource.actions)),
        draw(st.integers(0, highest or resource.most)),
        draw(st.sampled_from(allowed)),
    )
