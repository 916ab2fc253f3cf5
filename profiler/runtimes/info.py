"""What is known of a runtime before it is imported."""

import dataclasses
import importlib
import importlib.util

from profiler.base.errors import MissingPackageError, OptionError
from profiler.models.number_format import NumberFormat
from profiler.runtimes.protocol import Runtime


@dataclasses.dataclass(frozen=True)
class RuntimeInfo:
    """A line of the table: where the runtime lives, what it reads and what it needs.

    Attributes:
        name: what `--runtime` takes: a-z, 0-9, '.', '_' and '-'.
        location: `module:Class`; the class is called without arguments, in a worker process.
        format: the name of the file format it loads.
        package: what must be installed for it, by the name it is imported by.
        extra: the extra of layout-profiler that brings the package, None if it is installed by its own name.
        description: one line: what is timed.
        is_default: whether it is measured unless others are asked for. Only built-in runtimes ever are.
        max_threads: the most threads a call can use; None if it takes any number.
        copies_per_model: how many copies of its weights a loaded model holds, gradients included.
        dtypes: the number formats of weights that it can run.
    """

    name: str
    location: str
    format: str
    package: str
    extra: str | None = None
    description: str = ""
    is_default: bool = False
    max_threads: int | None = None
    copies_per_model: int = 1
    dtypes: tuple[NumberFormat, ...] = (NumberFormat.FLOAT32,)

    def __post_init__(self) -> None:
        for dtype in self.dtypes:  # of another package's, whatever a stranger has put there
            NumberFormat(dtype)

    @property
    def is_installed(self) -> bool:
        """Whether its package can be found; it is not imported."""
        return importlib.util.find_spec(self.package) is not None

    def can_use(self, threads: int) -> bool:
        """Whether a call can use so many threads."""
        return self.max_threads is None or threads <= self.max_threads

    def can_run(self, dtype: NumberFormat) -> bool:
        """Whether it can run weights in that number format."""
        return dtype in self.dtypes

    def require(self) -> None:
        """Raises MissingPackageError with the install line if the package is missing."""
        if not self.is_installed:
            raise MissingPackageError(self.package, extra=self.extra, needed_for=f"the runtime {self.name}")

    def create(self) -> Runtime:
        """Import the engine and set it up. Only ever done in a worker process.

        Raises:
            MissingPackageError: its package is not installed.
            OptionError: there is no such class where it says, or it cannot be imported.
        """
        self.require()
        module, _, name = self.location.partition(":")
        try:
            make = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise OptionError(f"the runtime {self.name} cannot be imported from {self.location}: {error}") from error
        runtime: Runtime = make()
        return runtime
