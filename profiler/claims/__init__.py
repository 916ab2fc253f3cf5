"""The claims of the two texts that this project began with, each measured: a module per claim, and the table of them.

Importing this imports no runtime. What needs torch is in `trials`, which only a child process imports.
"""
