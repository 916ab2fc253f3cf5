"""Hardware: what this machine is. `capture` asks all sources and reconciles them into one report.

Sources of facts are the modules of `sources`, and beside them `memory`, `software`, and `recording` for what no file
tells. Every reader of files takes the root of the tree to read.

Made of them: `reconcile` (whom to believe), `knees` (measured cache ends beside told ones), `cores`, `board`, `system`,
`environment`, `conditions`, `surroundings` and `canary`. What the machine can do at best is measured in `limits`.

Asked of a report: `caches`, `advice`, `reports`.
"""
