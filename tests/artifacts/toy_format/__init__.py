"""A file format and a runtime of another package: a header in JSON, and the numbers in a file beside it."""

from profiler.artifacts.formats import FileFormat
from profiler.artifacts.records import Form
from profiler.runtimes import RuntimeInfo

FORMAT = FileFormat("toy", "toy_format", ".toy", "toy files", forms=(Form.CONTROLLED,))
RUNTIME = RuntimeInfo("toy", "toy_format.engine:Toy", "toy", package="numpy", description="numpy over toy files")
