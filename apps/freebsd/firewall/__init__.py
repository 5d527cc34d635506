"""IPFW as data: rules, NAT instances and tables; how they read, print, are found fault with and walked.

Source: reference ipfw.
"""

from __future__ import annotations

from apps.freebsd.firewall.model import Firewall, NatInstance, Redirect, Rule, Table, Term

__all__ = ["Firewall", "NatInstance", "Redirect", "Rule", "Table", "Term"]
