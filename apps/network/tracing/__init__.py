"""The tracer's pages: pick or type packets, and see them walk the rules of a host."""
