"""IPFW of a simulated kernel: its state, the language of its rules, and what it does to packets."""
