"""What this machine can do at best, measured: latency and bandwidth by size, cache knees, peak rate, steadiness.

Each core type is measured in a child process of its own, so that a crash there is a finding and not an end.
"""
