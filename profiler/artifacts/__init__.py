"""Export: workloads in, a bundle of proved artifacts out. One module per format, and `verify`, which proves them."""
