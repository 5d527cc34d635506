"""Hypothesis without a clock: a busy machine is no failure."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("jailpanel", deadline=None)
settings.load_profile("jailpanel")
