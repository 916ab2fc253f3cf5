"""Number formats that weights are stored in. No torch here."""

import enum


class Dtype(enum.StrEnum):
    """A number format, by the name that numpy, torch and ONNX share."""

    FLOAT32 = "float32"

    @property
    def item_bytes(self) -> int:
        """What one number takes."""
        return _ITEM_BYTES[self]


_ITEM_BYTES = {Dtype.FLOAT32: 4}
