"""Evaluation under published protocols: test sets, protocols and suites as files, scoring, replication of the numbers of 2021."""
