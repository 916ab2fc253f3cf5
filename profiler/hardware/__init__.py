"""Hardware: what this machine is. One module per source of facts, each taking a root folder, and `capture`."""
