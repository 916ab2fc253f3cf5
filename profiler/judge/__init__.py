"""Analyze: comparisons and verdicts, pure functions of a session."""
