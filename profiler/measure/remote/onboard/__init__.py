"""What runs on the board. Knows nothing of SSH and imports nothing that the base install does not bring.

`probe`, `install` and `clean` are sent as text and need the standard library alone: they work before anything is
installed. The others are started there as `python -m profiler.measure.remote.onboard NAME JOB`. A job is JSON in an
argument, files come as tar on standard input, and an answer is one line of JSON on standard output.
"""
