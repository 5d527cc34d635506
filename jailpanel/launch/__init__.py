"""`python -m jailpanel.launch`: starts everything that one machine needs, keeps it running, and ends it.

Knows nothing of Django but in `prepare`, so that the part that must never fail stays small.
"""
