"""Against the reference implementations, which need torch: `make parity`."""
