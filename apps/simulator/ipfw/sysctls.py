"""The values of IPFW that sysctl(8) shows and sets.

Source: captures/host.json (sysctl-facts); reference ipfw §6.9, §13.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator.ipfw.model import DEFAULT_RULE

if TYPE_CHECKING:
    from apps.simulator.state import Kernel

TREE, TREE6 = "net.inet.ip.fw.", "net.inet6.ip6.fw."
SWITCHES = {
    f"{TREE}enable": "enabled",
    f"{TREE6}enable": "enabled6",
    f"{TREE}one_pass": "one_pass",
    f"{TREE}verbose": "verbose",
    f"{TREE}dyn_keep_states": "keeps_states",
}
STEP = f"{TREE}autoinc_step"
# The rest, with the kernel's own defaults, in the order of its tree.
_VALUES = f"""nat64_direct_output=0 nat64_debug=0 enable=1 dyn_keep_states=0 dyn_keepalive=1
dyn_short_lifetime=5 dyn_udp_lifetime=10 dyn_rst_lifetime=1 dyn_fin_lifetime=1 dyn_syn_lifetime=20
dyn_ack_lifetime=300 dyn_parent_max=4096 dyn_max=16384 dyn_buckets=8192 curr_max_length=0
curr_dyn_buckets=256 dyn_parent_count=0 dyn_count=0 static_count=1 default_to_accept=1
tables_sets=0 tables_max=128 default_rule={DEFAULT_RULE} verbose_limit=0 verbose=1 autoinc_step=100
one_pass=1"""
WRITABLE = frozenset({*SWITCHES, STEP, f"{TREE}verbose_limit", f"{TREE}dyn_keepalive"})


def values(kernel: Kernel) -> dict[str, str]:
    """Give what there is to see; nothing without the module."""
    if "ipfw" not in kernel.modules:
        return {}
    ipfw = kernel.ipfw
    found = {f"{TREE}{name}": value for name, _, value in (pair.partition("=") for pair in _VALUES.split())}
    found.update({name: str(int(getattr(ipfw, field))) for name, field in SWITCHES.items()})
    found[STEP] = str(ipfw.autoinc_step)
    found[f"{TREE}static_count"] = str(len(ipfw.rules))
    found[f"{TREE}dyn_count"] = str(len(ipfw.states))
    found[f"{TREE}default_to_accept"] = str(int(ipfw.default.action == "allow"))
    return found


def put(kernel: Kernel, name: str, value: str) -> bool:
    """Set a value that IPFW keeps itself; False when it is not one of those."""
    if name in SWITCHES:
        setattr(kernel.ipfw, SWITCHES[name], int(value) != 0)
        return True
    if name == STEP:
        kernel.ipfw.autoinc_step = int(value)
        return True
    return False
