"""Hardware: what this machine is. `capture` asks all sources and reconciles them into one report.

Sources of facts, one module each: `sysfs`, `devicetree`, `cpuinfo`, `boardtable` (with `boards.toml`), `dmi`,
`cpufreq`, `throttling`, `vcgencmd`, `cgroup`, `memory`, `darwin`, `windows`, `brand` (py-cpuinfo), `software`, and
`recording` for what no file tells. Every reader takes the root of the tree to read.

Made of them: `statements` (what a source says of caches), `boardstatements`, `reconcile` (whom to believe), `knees`
(measured cache ends beside told ones), `cores`, `board`, `system`, `environment`, `conditions`, `surroundings` and
`canary`.

Asked of a report: `caches`, `advice`, `reports`.
"""
