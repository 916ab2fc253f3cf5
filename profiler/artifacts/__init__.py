"""Export: workloads in, a bundle of proved artifacts out. Each file format has a folder that writes and proves it."""
