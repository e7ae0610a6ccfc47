"""Reading the weights out of an exported BERT encoder in ONNX form, with nothing but the standard library.

The few fields that are needed are read straight from the protobuf encoding; sizes are checked, and the
tensors' checksum is verified by the caller.
"""

import array
import re


def varint(data, at):
    """Give the variable-length integer at a position and the position after it."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields(data):
    """Yield (field number, value) of one message: integers, or memoryviews of what has a length."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, at = varint(data, at)
        else:
            size = {1: 8, 5: 4}.get(kind)
            if size is None:
                if kind != 2:
                    raise ValueError(f"protobuf wire type {kind}")
                size, at = varint(data, at)
            if at + size > len(data):
                raise ValueError("the file is cut off")
            value, at = data[at : at + size], at + size
        yield number, value


def text(value):
    return bytes(value).decode()


def tensor(data):
    """Give (name, shape, float32 bytes) of a TensorProto, or None if it is not float32 with raw data."""
    shape, name, kind, raw = [], "", 0, None
    for number, value in fields(data):
        if number == 1:  # dims, packed or not
            if isinstance(value, int):
                shape.append(value)
            else:
                at = 0
                while at < len(value):
                    size, at = varint(value, at)
                    shape.append(size)
        elif number == 2:
            kind = value
        elif number == 8:
            name = text(value)
        elif number == 9:
            raw = value
    return (name, shape, raw) if kind == 1 and raw is not None else None


def transposed(raw, rows, columns):
    """Give the bytes of a row-major float32 matrix [rows, columns] as [columns, rows]."""
    values = array.array("f")
    values.frombytes(raw)
    if len(values) != rows * columns:
        raise ValueError(f"{len(values)} values for a {rows} x {columns} matrix")
    turned = array.array("f")
    for column in range(columns):
        turned.extend(values[column::columns])
    return turned.tobytes()


def weights(model):
    """Give {Hugging Face name: (shape, float32 bytes)} of an exported encoder.

    Biases, LayerNorms and embeddings keep their names in such a file. The matrices of linear layers are
    stored transposed under made-up names; their MatMul node's name tells where they belong.
    """
    initializers, products = {}, []
    for number, graph in fields(memoryview(model)):
        if number != 7:
            continue
        for number, value in fields(graph):
            if number == 5 and (found := tensor(value)):
                initializers[found[0]] = found[1:]
            elif number == 1:
                inputs, name, operator = [], "", ""
                for field, part in fields(value):
                    if field == 1:
                        inputs.append(text(part))
                    elif field == 3:
                        name = text(part)
                    elif field == 4:
                        operator = text(part)
                if operator == "MatMul" and len(inputs) == 2:
                    products.append((name, inputs[1]))
    found = {n: (s, bytes(raw)) for n, (s, raw) in initializers.items() if re.match(r"(embeddings|encoder)\.", n)}
    for node, weight in products:
        place = re.fullmatch(r"/(encoder/.+)/MatMul", node)
        if place and weight in initializers:
            (rows, columns), raw = initializers[weight]
            found[place[1].replace("/", ".") + ".weight"] = ([columns, rows], transposed(raw, rows, columns))
    return found
