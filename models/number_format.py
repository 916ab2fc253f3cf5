"""Number formats that weights are stored in: what each is called, how large it is, how exactly it computes.

A format that files can be written in is in `EXPORTED`; the others have their place here and nowhere else yet. No torch
here.
"""

import dataclasses
import enum


@dataclasses.dataclass(frozen=True)
class _Facts:
    """What is known of a number format.

    Attributes:
        bits: what one number takes when many of them are stored one after the other.
        numpy_name: the numpy type that holds one number; int4 lies alone in a byte there, bfloat16 has none.
        unit_roundoff: the largest relative error of rounding to nearest (Higham 2002, table 2.1); None where the
            format has no exponent, so that the error hangs on a scale.
    """

    bits: int
    numpy_name: str | None
    unit_roundoff: float | None


class NumberFormat(enum.StrEnum):
    """A number format, by the name that numpy, torch and ONNX share."""

    FLOAT32 = "float32"
    FLOAT64 = "float64"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"
    INT8 = "int8"
    UINT8 = "uint8"
    INT4 = "int4"

    @property
    def bits(self) -> int:
        """What one number takes when many of them are stored one after the other."""
        return _FACTS[self].bits

    def stored_bytes(self, count: int) -> int:
        """What so many numbers take in a file, the last byte filled up."""
        return -(-count * self.bits // 8)

    @property
    def numpy_name(self) -> str | None:
        """The numpy type that holds one number, None where numpy has none."""
        return _FACTS[self].numpy_name

    @property
    def unit_roundoff(self) -> float | None:
        """The largest relative error of rounding to nearest; None where the format has no exponent."""
        return _FACTS[self].unit_roundoff

    @property
    def activations(self) -> "NumberFormat":
        """What inputs, biases and outputs are in where weights are in this format: itself, float32 beside integers."""
        return NumberFormat.FLOAT32 if self.is_integer else self

    @property
    def is_integer(self) -> bool:
        """Whether its numbers mean something by a scale alone."""
        return self.unit_roundoff is None


_FACTS = {
    NumberFormat.FLOAT32: _Facts(32, "float32", 2.0**-24),
    NumberFormat.FLOAT64: _Facts(64, "float64", 2.0**-53),
    NumberFormat.FLOAT16: _Facts(16, "float16", 2.0**-11),
    NumberFormat.BFLOAT16: _Facts(16, None, 2.0**-8),
    NumberFormat.INT8: _Facts(8, "int8", None),
    NumberFormat.UINT8: _Facts(8, "uint8", None),
    NumberFormat.INT4: _Facts(4, "int8", None),
}
EXPORTED = (NumberFormat.FLOAT32,)
