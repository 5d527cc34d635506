"""What FreeBSD's update mirror offers for the releases that hosts and basejails have."""
