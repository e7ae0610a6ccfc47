"""Safetensors files: a checksum over a model's tensors, whatever file they come in, and writing."""

import hashlib
import json
import struct


def read_header(path):
    """Give a safetensors file's header and the offset of its data."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    return header, 8 + length


def used(name):
    """Tell whether the graphs read a tensor: embeddings and encoder, without the stored position numbers."""
    return name.removeprefix("bert.").startswith(("embeddings.", "encoder.")) and not name.endswith("position_ids")


def checksum(path):
    """SHA-256 over name, type, shape and bytes of the embedding and encoder tensors, in the order of names.

    Prefixes and other tensors do not count, so files of one model from different places agree.
    """
    header, start = read_header(path)
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for name in sorted(filter(used, header), key=lambda n: n.removeprefix("bert.")):
            entry = header[name]
            begin, end = entry["data_offsets"]
            digest.update(json.dumps([name.removeprefix("bert."), entry["dtype"], entry["shape"]]).encode())
            file.seek(start + begin)
            digest.update(file.read(end - begin))
    return digest.hexdigest()


def encode(tensors):
    """Give the bytes of a safetensors file with {name: (shape, float32 bytes)}, names in order."""
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name in sorted(tensors):
        shape, data = tensors[name]
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # data starts aligned
    return b"".join([struct.pack("<Q", len(text)), text, *(tensors[name][1] for name in sorted(tensors))])


def only(path, keep):
    """Give the bytes of the file with only the tensors whose name keep accepts."""
    header, start = read_header(path)
    kept = {}
    with open(path, "rb") as file:
        for name, entry in header.items():
            if keep(name):
                if entry["dtype"] != "F32":
                    raise ValueError(f"tensor {name} is {entry['dtype']}, expected F32")
                begin, end = entry["data_offsets"]
                file.seek(start + begin)
                kept[name] = (entry["shape"], file.read(end - begin))
    return encode(kept)
