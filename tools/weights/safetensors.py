"""Reading and writing safetensors files: the length of a JSON header in 8 bytes, the header, the data."""

import json
import mmap
import os
import struct

from weights.tensor import Tensor


def read(path):
    """Give {name: Tensor} of a file. The tensors' data stays in the file until it is read."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        prefix = file.read(8)
        length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else size
        if 8 + length > size:
            raise ValueError(f"{path}: no safetensors file, or it is cut off")
        header = json.loads(file.read(length))
        data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))[8 + length :]
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensor = Tensor(entry["dtype"], tuple(entry["shape"]), lambda part=data[begin:end]: part)
        if not 0 <= begin <= end <= len(data) or end - begin != tensor.size:
            raise ValueError(f"{path}: tensor {name} does not fit its place")
        tensors[name] = tensor
    return tensors


def write(path, tensors):
    """Write {name: Tensor} in the order of names. The bytes depend on the tensors alone."""
    header, offset = {"__metadata__": {"format": "pt"}}, 0  # transformers insists on a format
    for name in sorted(tensors):
        tensor = tensors[name]
        header[name] = {"dtype": tensor.dtype, "shape": list(tensor.shape), "data_offsets": [offset, offset + tensor.size]}
        offset += tensor.size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # so that the data starts aligned
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in sorted(tensors):
            data = tensors[name].read()
            if len(data) != tensors[name].size:
                raise ValueError(f"tensor {name} has {len(data)} bytes, expected {tensors[name].size}")
            file.write(data)
        file.flush()
        os.fsync(file.fileno())
