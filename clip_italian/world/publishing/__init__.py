"""The drawn world's sources and test sets, written in the formats of the real publishers."""
