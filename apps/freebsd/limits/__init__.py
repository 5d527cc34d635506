"""Limits: what RCTL, the kernel's resource limits, can be told of jails, users, login classes and processes.

`catalogue` knows every resource and action, `model` a rule, `amounts` how people write what it allows,
`printing` and `rules` turn rules into text and back, `rctl_conf` edits the file that is loaded at boot, and
`change` orders the steps of a change so that nothing is without its limit meanwhile.
"""

from __future__ import annotations
