"""Addresses, NAT and the firewall of hosts."""
