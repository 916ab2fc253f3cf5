"""Sends a bundle to a board: only the files that it does not have whole."""

from profiler.artifacts.bundle import MANIFEST_NAME, MAX_MANIFEST_BYTES, Bundle
from profiler.base.errors import BundleError, RemoteError
from profiler.base.files import read_limited
from profiler.measure.remote.check import FREE_SOME
from profiler.measure.remote.connect import Board
from profiler.measure.remote.install import Installed
from profiler.measure.remote.messages import BundleJob, Done, Missing
from profiler.measure.remote.talk import SentFile, ask, tar_chunks

ROOM_BYTES = 5_000_000  # for a session
LIMIT_S = 24 * 3600.0  # a slow line is no error: a dead one is noticed by itself


def read_files(bundle: Bundle) -> dict[str, SentFile]:
    """The files of a bundle by their names, each verified.

    Raises:
        BundleError: one is not what the manifest describes.
    """
    manifest = bundle.manifest
    bundle.verify(manifest.entries)
    return {entry.path: SentFile(entry.path, bundle.path_of(entry)) for entry in manifest.entries}


async def send(board: Board, installed: Installed, bundle: Bundle, files: dict[str, SentFile]) -> tuple[int, int]:
    """Send what is missing there. Returns how many files that were, and their bytes.

    Raises:
        BundleError: the bundle changed meanwhile.
        RemoteError: its disk is full, or its answer makes no sense.
        RemoteLinkError: the connection was lost; files that arrived need not be sent again.
    """
    job = BundleJob(base=installed.base, bundle=bundle.manifest_sha256)
    manifest = [_manifest(bundle)]
    missing = await ask(board, installed.command("missing", job), Missing, data=manifest, limit_s=LIMIT_S)
    if not set(missing.paths) <= files.keys():
        raise RemoteError(f"{board.address} asked for files that the bundle does not hold")
    wanted = [files[path] for path in dict.fromkeys(missing.paths)]
    size_bytes = sum(file.size_bytes for file in wanted)
    if size_bytes + ROOM_BYTES > missing.free_bytes:
        raise RemoteError(
            f"the disk of {board.address} has {missing.free_bytes / 1e6:.0f} MB free, the bundle needs "
            f"{size_bytes / 1e6:.0f} MB and its session some; {FREE_SOME}"
        )
    if wanted:
        await ask(board, installed.command("receive", job), Done, data=tar_chunks(wanted), limit_s=LIMIT_S)
    return len(wanted), size_bytes


def _manifest(bundle: Bundle) -> bytes:
    path = bundle.folder / MANIFEST_NAME
    try:
        return read_limited(path, MAX_MANIFEST_BYTES)
    except OSError as error:
        raise BundleError(f"cannot read {path}: {error.strerror}") from error
