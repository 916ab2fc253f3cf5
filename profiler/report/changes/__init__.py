"""Before and after: what changed between two sessions of one machine, and how that reads.

`derive` makes the `records` that `formats` shows; `answer` and `cautions` put them into sentences.
"""
