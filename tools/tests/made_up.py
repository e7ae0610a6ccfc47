"""Small made-up models in the formats that the readers read, encoded here independently of them."""

import struct

LAYERS, HIDDEN, INTERMEDIATE, POSITIONS = 2, 4, 6, 5
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "##b"]


def shapes(pooler=True):
    """Give {Hugging Face name: shape} of the made-up encoder."""
    found = {
        "embeddings.word_embeddings.weight": (len(VOCABULARY), HIDDEN),
        "embeddings.position_embeddings.weight": (POSITIONS, HIDDEN),
        "embeddings.token_type_embeddings.weight": (2, HIDDEN),
    }
    norms, linear = ["embeddings.LayerNorm"], {}
    for i in range(LAYERS):
        layer = f"encoder.layer.{i}"
        linear.update({f"{layer}.attention.self.{part}": (HIDDEN, HIDDEN) for part in ("query", "key", "value")})
        linear[f"{layer}.attention.output.dense"] = (HIDDEN, HIDDEN)
        linear[f"{layer}.intermediate.dense"] = (INTERMEDIATE, HIDDEN)
        linear[f"{layer}.output.dense"] = (HIDDEN, INTERMEDIATE)
        norms += [f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"]
    if pooler:
        linear["pooler.dense"] = (HIDDEN, HIDDEN)
    for name in norms:
        found[name + ".weight"] = found[name + ".bias"] = (HIDDEN,)
    for name, shape in linear.items():
        found[name + ".weight"], found[name + ".bias"] = shape, shape[:1]
    return found


def values(name, shape):
    """Give a tensor's values as rows, distinct and determined by its name; a vector is one row."""
    seed = sum(name.encode())
    columns = shape[-1]
    rows = shape[0] if len(shape) == 2 else 1
    return [[seed + 0.5 * (row * columns + column) for column in range(columns)] for row in range(rows)]


def floats(rows):
    return b"".join(struct.pack(f"<{len(row)}f", *row) for row in rows)


def turned(rows):
    return [list(column) for column in zip(*rows)]


def is_matrix(name):
    return name.endswith((".weight",)) and "LayerNorm" not in name and "embeddings" not in name


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    """Encode one protobuf field: an integer, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def onnx(pooler=False):
    """Give an exported encoder: matrices transposed and nameless, beside other nodes and tensors."""
    graph = b""
    for i, (name, shape) in enumerate(shapes(pooler).items()):
        rows, stored = values(name, shape), name
        if is_matrix(name):
            rows, stored, shape = turned(rows), f"onnx::MatMul_{i}", shape[::-1]
            layer = "/" + name.removesuffix(".weight").replace(".", "/")
            graph += field(1, field(1, b"x") + field(1, stored.encode()) + field(2, b"y") + field(3, f"{layer}/MatMul".encode()) + field(4, b"MatMul"))
            graph += field(1, field(1, b"y") + field(1, name.encode()) + field(3, f"{layer}/Add".encode()) + field(4, b"Add"))
        packed = i % 2 and field(1, b"".join(varint(size) for size in shape)) or b"".join(field(1, size) for size in shape)
        graph += field(5, packed + field(2, 1) + field(8, stored.encode()) + field(9, floats(rows)))
    graph += field(5, field(1, 1) + field(2, 7) + field(8, b"embeddings.position_ids") + field(9, bytes(8)))
    graph += field(1, field(1, b"p") + field(1, b"q") + field(3, b"/encoder/layer.0/attention/self/MatMul") + field(4, b"MatMul"))
    return field(1, 8) + field(7, graph)


def tensorflow_name(name):
    name = "bert." + name if not name.startswith("cls") else name
    parts = "module." + name.replace("layer.", "layer_")
    if "LayerNorm" in name:
        parts = parts.replace(".weight", ".gamma").replace(".bias", ".beta")
    elif "embeddings" in name:
        parts = parts.removesuffix(".weight")
    else:
        parts = parts.replace(".weight", ".kernel")
    return parts.replace(".", "/")


def tensorflow():
    """Give (index, data) of a checkpoint whose index has two blocks and keys that share prefixes."""
    entries, data = {b"": field(1, 1)}, b""
    for name, shape in [*shapes().items(), ("cls.predictions.output.bias", (3,))]:
        rows = values(name, shape)
        if is_matrix(name):
            rows, shape = turned(rows), shape[::-1]
        part = floats(rows)
        sizes = b"".join(field(2, field(1, size)) for size in shape)
        entries[tensorflow_name(name).encode()] = field(1, 1) + field(2, sizes) + (field(4, len(data)) if data else b"") + field(5, len(part)) + b"\x35crc0"
        data += part
    entries[b"global_step"] = field(1, 9) + field(2, b"") + field(4, len(data)) + field(5, 8) + b"\x35crc0"
    data += bytes(8)
    keys = sorted(entries)
    index, places = b"", []
    for half in keys[: len(keys) // 2], keys[len(keys) // 2 :]:
        block = table_block([(key, entries[key]) for key in half])
        places.append((half[-1], varint(len(index)) + varint(len(block))))
        index += block + bytes(5)
    meta = table_block([])
    footer = varint(len(index)) + varint(len(meta))
    index += meta + bytes(5)
    top = table_block(places)
    footer += varint(len(index)) + varint(len(top))
    index += top + bytes(5)
    return index + footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57), data


def table_block(entries):
    block, last = b"", b""
    for key, value in entries:
        shared = 0
        while shared < min(len(key), len(last)) and key[shared] == last[shared]:
            shared += 1
        block += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        last = key
    return block + struct.pack("<II", 0, 1)


def expected(pooler=True):
    """Give {name: (shape, bytes)} that every reader must find."""
    return {name: (shape, floats(values(name, shape))) for name, shape in shapes(pooler).items()}
