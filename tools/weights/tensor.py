"""A tensor in a file, read when it is needed: models are larger than what need be in memory at once."""

import array
import math
import sys
from dataclasses import dataclass
from typing import Callable, Tuple

FLOAT32 = "F32"  # dtypes are named as in safetensors files
SIZES = {FLOAT32: 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4}  # bytes of one element


@dataclass(frozen=True)
class Tensor:
    """Row-major, little-endian values; read gives len bytes-like data of them all."""

    dtype: str
    shape: Tuple[int, ...]
    read: Callable[[], bytes]

    @property
    def size(self):
        """The number of bytes."""
        return math.prod(self.shape) * SIZES[self.dtype]

    def transposed(self):
        """Give the transpose of a float32 matrix."""
        rows, columns = self.shape
        if self.dtype != FLOAT32:
            raise ValueError(f"cannot transpose {self.dtype}, expected {FLOAT32}")
        return Tensor(FLOAT32, (columns, rows), lambda: transpose(self.read(), rows, columns))


def transpose(data, rows, columns):
    """Give the bytes of a row-major float32 matrix [rows, columns] as [columns, rows]."""
    values = array.array("f" if sys.byteorder == "little" else "I")  # only moved, so any type of 4 bytes will do
    values.frombytes(data)
    if len(values) != rows * columns:
        raise ValueError(f"{len(values)} values for a {rows} x {columns} matrix")
    turned = array.array(values.typecode)
    for column in range(columns):
        turned.extend(values[column::columns])
    return turned.tobytes()
