"""Cache misses as evidence: what a layout makes the caches do, counted by hardware or simulated with a board's caches.

`gather` asks both sources, each in child processes: `simulation` runs them under valgrind with the `geometry` of a
board, `counters` reads this machine's own through perf events. `words` says what the numbers say.
"""
