"""The table of file formats: one room each, which is imported when it is needed. Importing this imports none.

Other packages add their own by an entry point of the group `layout_profiler.formats`, each of them a `FileFormat`.
"""

import dataclasses
import enum
import importlib
import importlib.util
import re
from collections.abc import Iterable
from types import ModuleType
from typing import cast

from profiler.artifacts.protocol import Evaluator, IdentityWriter, Prover, Writer
from profiler.artifacts.records import Form
from profiler.base.errors import MissingPackageError, OptionError
from profiler.base.plugins import Plugins
from profiler.models.number_format import NumberFormat
from profiler.models.workload import KEY

_SUFFIX = re.compile(r"\.[a-z0-9]{1,16}")
_LOCATION = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_TUPLES: tuple[tuple[str, type, bool], ...] = (  # the kind of what is in them, and whether there may be nothing
    ("forms", Form, False),
    ("dtypes", NumberFormat, False),
    ("write_packages", str, True),
    ("prove_packages", str, True),
)
_OFFERED = {"write": "write", "prove": "prove", "evaluate": "load", "identity": "write_identity"}  # by each module


class Fixes(enum.StrEnum):
    """What of its inputs a file settles: one file takes any, those of one rank, or those of one batch."""

    NOTHING = "nothing"
    RANK = "rank"
    BATCH = "batch"


@dataclasses.dataclass(frozen=True)
class FileFormat:
    """A line of the table: what files of a format are, and where the code for them lies.

    Attributes:
        name: what `--format` takes: a-z, 0-9, '.', '_' and '-'.
        location: the package with the modules `write`, `prove`, `evaluate` and `identity` (described in `protocol`).
        suffix: how the names of its files end.
        words: what its files are called.
        write_packages: what must be installed to write one, by the names they are imported by.
        prove_packages: what must be installed to prove one.
        extra: the extra of layout-profiler that brings them, None if they are installed by their own names.
        forms: how a pair can be written.
        dtypes: the number formats of weights that a file can hold.
        fixes: what of its inputs a file settles: nothing, their rank, or the whole batch.
        needs_identity_file: whether timing a call that does nothing needs a file; otherwise the runtime does it alone.
    """

    name: str
    location: str
    suffix: str
    words: str
    write_packages: tuple[str, ...] = ()
    prove_packages: tuple[str, ...] = ()
    extra: str | None = None
    forms: tuple[Form, ...] = tuple(Form)
    dtypes: tuple[NumberFormat, ...] = (NumberFormat.FLOAT32,)
    fixes: Fixes = Fixes.NOTHING
    needs_identity_file: bool = True

    def writer(self) -> Writer:
        """The heavy part, which writes.

        Raises:
            MissingPackageError: it needs a package that is not installed.
            OptionError: it cannot be imported.
        """
        self.require_to_write()
        return cast("Writer", self._part("write"))

    def identity_writer(self) -> IdentityWriter:
        """The heavy part that writes the identity model.

        Raises:
            MissingPackageError: it needs a package that is not installed.
            OptionError: it cannot be imported.
        """
        self.require_to_write()
        return cast("IdentityWriter", self._part("identity"))

    def evaluator(self) -> Evaluator:
        """The part that computes what a file says.

        Raises:
            MissingPackageError: it needs a package that is not installed.
            OptionError: it cannot be imported.
        """
        self.require_to_write()
        return cast("Evaluator", self._part("evaluate"))

    def prover(self) -> Prover:
        """The light part, which reads back what a file stores.

        Raises:
            MissingPackageError: it needs a package that is not installed.
            OptionError: it cannot be imported.
        """
        self._require(self.prove_packages, needed_for=f"reading {self.words}")
        return cast("Prover", self._part("prove"))

    def require_to_write(self) -> None:
        """Raises MissingPackageError with the install line if a package is missing that writing needs."""
        self._require(self.write_packages, needed_for="export")

    def _require(self, packages: Iterable[str], *, needed_for: str) -> None:
        for package in packages:
            if not _is_installed(package):
                raise MissingPackageError(package, extra=self.extra, needed_for=needed_for)

    def _part(self, name: str) -> ModuleType:
        where = f"{self.location}.{name}"
        try:
            module = importlib.import_module(where)
        except (Exception, SystemExit) as error:  # whatever a stranger's module raises
            kind = "" if isinstance(error, ImportError) else f"{type(error).__name__}: "
            reason = f"{kind}{str(error)[:200]}"
            raise OptionError(f"the file format {self.name} cannot be imported from {where}: {reason}") from error
        if not callable(getattr(module, _OFFERED[name], None)):
            raise OptionError(f"the file format {self.name} cannot be used: {where} has no function {_OFFERED[name]}")
        return module


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ImportError:  # the package that it is a part of is not installed
        return False


FORMATS = (
    FileFormat(
        "onnx", "profiler.artifacts.onnx", ".onnx", "ONNX files", write_packages=("torch", "onnx"), extra="torch",
        fixes=Fixes.RANK,
    ),
    FileFormat(
        "torchscript", "profiler.artifacts.torchscript", ".pt", "TorchScript files", write_packages=("torch",),
        prove_packages=("torch",), extra="torch",
    ),
    FileFormat(
        "arrays", "profiler.artifacts.arrays", ".npz", "arrays",
        forms=(Form.CONTROLLED,),  # they hold no operators: there is one way to write them
        needs_identity_file=False,
    ),
)  # fmt: skip
BUILT_IN = {file_format.name: file_format for file_format in FORMATS}


def _problem(file_format: FileFormat) -> str | None:
    """What is wrong with a stranger's record, None if nothing is."""
    if not _LOCATION.fullmatch(str(file_format.location)):
        return f"has the location {str(file_format.location)[:80]!r}, which is no name of a package"
    if not _SUFFIX.fullmatch(str(file_format.suffix)):
        return f"has the suffix {str(file_format.suffix)[:80]!r}, which is not '.' and up to 16 of a-z and 0-9"
    for title, kind, can_be_empty in _TUPLES:
        held: object = getattr(file_format, title)  # whatever a stranger has put there
        is_sound = isinstance(held, tuple) and all(isinstance(value, kind) for value in held)
        if not is_sound or not (held or can_be_empty):
            return f"has the {title} {str(held)[:80]!r}, which is no tuple of {kind.__name__}"
    for package in (*file_format.write_packages, *file_format.prove_packages):
        if not _LOCATION.fullmatch(package):
            return f"needs {package[:80]!r}, which is no name of a package"
    texts: tuple[object, ...] = (file_format.words, file_format.extra or "")
    for text in texts:
        if not isinstance(text, str):
            return f"has {str(text)[:80]!r} where a text belongs"
    return None


PLUGINS = Plugins(
    group="layout_profiler.formats",
    noun="file format",
    record=FileFormat,
    built_in=BUILT_IN,
    shown=tuple(BUILT_IN),
    name_pattern=KEY,
    problem=_problem,
)


def file_format(name: str) -> FileFormat:
    """The file format of that name, built in or of another installed package.

    Raises:
        OptionError: there is none, or the package that adds it is broken.
    """
    return BUILT_IN[name] if name in BUILT_IN else PLUGINS.find(name)


def format_names() -> tuple[str, ...]:
    """The names of all file formats, those of other packages last. Nothing of theirs is imported."""
    return (*BUILT_IN, *PLUGINS.names())


def unknown_formats(names: Iterable[str]) -> tuple[str, ...]:
    """Those of the names that no file format bears, in alphabetical order."""
    strange = set(names) - BUILT_IN.keys()
    return tuple(sorted(strange - set(PLUGINS.names()))) if strange else ()
