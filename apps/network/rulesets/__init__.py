"""Rule sets: which rules a host or a group's hosts are to have, and the pages on which people change them."""
