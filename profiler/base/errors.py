"""Every error the profiler raises on purpose. Each says what, where and what to do, in one line.

```
ProfilerError               exit status 2, no traceback
├── OptionError             an option or argument makes no sense
├── InputError              a file given to us cannot be used
│   ├── BundleError         a bundle is missing, damaged, hostile or newer than this program
│   │   └── ArtifactError   one file of a bundle does not hold what its manifest claims
│   ├── SessionError        a session is missing, damaged, hostile or newer than this program
│   └── HardwareError       a hardware report is missing, damaged or newer than this program
├── OutputError             a result cannot be written: it exists, the disk is full, no permission
├── MemoryNeedError         more memory is needed than there is; raised before anything is allocated
├── ExportError             an exporter failed or wrote something that did not pass its proof
├── MissingPackageError     an optional package is not installed; says the install line
├── MissingToolError        a program that is no Python package is missing; says what to install
├── RemoteError             a board cannot be used: its key, its answers, what it lacks, what failed there
│   └── RemoteLinkError     the way to it is gone; it may be back later
├── RefusalError            a runtime does not accept a file that is sound; recorded as a failure of its case
└── RunInterruptedError     the run was asked to end before anything was measured here; exit status 128 + signal
```

`models` raises `ShapeError` and `SuiteError`, both `ValueError`; the command line treats them alike.
"""


class ProfilerError(Exception):
    """Base of all errors that the profiler raises on purpose."""


class OptionError(ProfilerError):
    """An option or argument makes no sense."""


class InputError(ProfilerError):
    """A file given to us cannot be used."""


class BundleError(InputError):
    """A bundle is missing, damaged, hostile or newer than this program."""


class ArtifactError(BundleError):
    """One file of a bundle does not hold what its manifest claims."""


class SessionError(InputError):
    """A session is missing, damaged, hostile or newer than this program."""


class HardwareError(InputError):
    """A hardware report is missing, damaged or newer than this program."""


class OutputError(ProfilerError):
    """A result cannot be written."""


class MemoryNeedError(ProfilerError):
    """More memory is needed than there is."""


class ExportError(ProfilerError):
    """An exporter failed or wrote something that did not pass its proof."""


class MissingPackageError(ProfilerError):
    """An optional package is not installed."""

    def __init__(self, package: str, *, extra: str | None, needed_for: str) -> None:
        requirement = f'"layout-profiler[{extra}]"' if extra else package
        super().__init__(f"{needed_for} needs {package}, which is not installed: pip install {requirement}")


class MissingToolError(ProfilerError):
    """A program that is no Python package is not installed, or does not work."""

    def __init__(self, problem: str, *, install: str) -> None:
        super().__init__(f"{problem}; {install}")


class RemoteError(ProfilerError):
    """A board cannot be used."""


class RemoteLinkError(RemoteError):
    """The way to a board is gone, and may be back later."""


class RefusalError(ProfilerError):
    """A runtime does not accept a file that is sound."""


class RunInterruptedError(ProfilerError):
    """The run was asked to end before anything was measured here."""

    def __init__(self, number: int, words: str = "ended before anything was measured; no session was written") -> None:
        super().__init__(words)
        self.number = number
