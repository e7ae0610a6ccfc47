"""Reading a TensorFlow checkpoint, a "tensor bundle": PREFIX.index and PREFIX.data-SSSSS-of-NNNNN.

The index is a sorted table in LevelDB's format: blocks of entries whose keys share prefixes, an index block
of their places, and a footer with the place of that. Each entry's value is a BundleEntryProto, which tells
type, shape, shard, offset and size of a tensor; the data files hold the bare values. Checksums inside the
format are not compared: callers verify the whole.
"""

import mmap
import os
import struct

from weights import protobuf
from weights.tensor import FLOAT32, Tensor

FOOTER = 48  # bytes: places of two blocks, padding, magic number
MAGIC = 0xDB4775248B80FB57
TRAILER = 5  # bytes after a block: its compression and a checksum
RESTART = struct.Struct("<I")
TYPE_FLOAT = 1  # tensorflow.DataType

# Field numbers of tensor_bundle.proto and tensor_shape.proto.
HEADER_SHARDS = 1
ENTRY_TYPE, ENTRY_SHAPE, ENTRY_SHARD, ENTRY_OFFSET, ENTRY_SIZE, ENTRY_SLICES = 1, 2, 3, 4, 5, 7
SHAPE_DIMENSION, DIMENSION_SIZE = 2, 1


def read(prefix):
    """Give {TensorFlow name: Tensor} of the float32 tensors of a checkpoint."""
    with open(prefix + ".index", "rb") as file:
        table = file.read()
    entries = dict(table_entries(table, prefix + ".index"))
    shards = dict(protobuf.fields(entries.pop(b"", b""))).get(HEADER_SHARDS, 1)  # the nameless entry is the header
    data = {}
    tensors = {}
    for name, message in entries.items():
        entry = {ENTRY_SHARD: 0, ENTRY_OFFSET: 0, ENTRY_SHAPE: b"", **dict(protobuf.fields(message))}
        if ENTRY_SLICES in entry:
            raise ValueError(f"{prefix}: {name.decode()} is stored in slices, which is not supported")
        if entry.get(ENTRY_TYPE) != TYPE_FLOAT:
            continue
        shard = entry[ENTRY_SHARD]
        if shard not in data:
            data[shard] = mapped(f"{prefix}.data-{shard:05d}-of-{shards:05d}")
        begin, end = entry[ENTRY_OFFSET], entry[ENTRY_OFFSET] + entry[ENTRY_SIZE]
        tensor = Tensor(FLOAT32, shape(entry[ENTRY_SHAPE]), lambda part=data[shard][begin:end]: part)
        if end > len(data[shard]) or tensor.size != end - begin:
            raise ValueError(f"{prefix}: {name.decode()} does not fit its place")
        tensors[name.decode()] = tensor
    return tensors


def mapped(path):
    """Give a file's bytes without reading them now."""
    if os.path.getsize(path) == 0:
        return memoryview(b"")  # which cannot be mapped
    with open(path, "rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def shape(message):
    """Give the sizes in a TensorShapeProto."""
    return tuple(dict(protobuf.fields(dimension)).get(DIMENSION_SIZE, 0)
                 for number, dimension in protobuf.fields(message) if number == SHAPE_DIMENSION)


def table_entries(table, path):
    """Yield (key, value) of a whole table."""
    footer = table[-FOOTER:]
    if len(footer) < FOOTER or struct.unpack("<Q", footer[-8:])[0] != MAGIC:
        raise ValueError(f"{path} is no TensorFlow checkpoint index")
    at = place(footer, 0)[1]  # the first of the two blocks holds nothing that is needed
    for _, found in block_entries(table, place(footer, at)[0], path):
        yield from block_entries(table, place(found, 0)[0], path)


def place(data, at):
    """Give ((offset, size), position after them) of a block's place."""
    offset, at = protobuf.varint(data, at)
    size, at = protobuf.varint(data, at)
    return (offset, size), at


def block_entries(table, where, path):
    """Yield (key, value) of one block. A key is stored as the length it shares with the last one, and the rest."""
    offset, size = where
    if size < RESTART.size or offset + size + TRAILER > len(table):
        raise ValueError(f"{path} is cut off")
    if table[offset + size] != 0:
        raise ValueError(f"{path} is compressed, which TensorFlow does not do")
    block = table[offset : offset + size]
    (restarts,) = RESTART.unpack(block[-RESTART.size :])
    end, at, key = size - RESTART.size * (1 + restarts), 0, b""
    while at < end:
        shared, at = protobuf.varint(block, at)
        fresh, at = protobuf.varint(block, at)
        length, at = protobuf.varint(block, at)
        key = key[:shared] + block[at : at + fresh]
        at += fresh
        yield key, block[at : at + length]
        at += length
