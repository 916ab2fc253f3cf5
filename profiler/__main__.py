"""`python -m profiler` is the command `layout-profiler`."""

from profiler.commands import main

if __name__ == "__main__":
    main()
