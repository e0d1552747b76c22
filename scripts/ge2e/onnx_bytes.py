"""The few messages of an ONNX file, written as protocol buffers by hand, with the standard library alone.

Each function gives the bytes of one message or of one field; names and numbers are those of onnx.proto3 (ONNX 1.12, opset 17).
Fields are written in the order given, so that the same arguments always give the same bytes.
"""

import struct
from typing import Iterable, Sequence, Union

IR_VERSION = 8
OPSET = 17
FLOAT, INT64 = 1, 7
ATTRIBUTE_INT, ATTRIBUTE_INTS = 2, 7


def varint(value: int) -> bytes:
    """A non-negative number in groups of seven bits, the lowest first."""
    result = bytearray()
    while value > 0x7F:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    result.append(value)
    return bytes(result)


def number(field: int, value: int) -> bytes:
    """A field that is a number."""
    return varint(field << 3) + varint(value)


def text(field: int, value: Union[str, bytes]) -> bytes:
    """A field that is text, bytes or a message."""
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def repeated(field: int, values: Iterable[Union[str, bytes]]) -> bytes:
    """A field that occurs once for each of the values."""
    return b"".join(text(field, value) for value in values)


def float_bytes(*values: float) -> bytes:
    """32-bit floats, little-endian."""
    return struct.pack(f"<{len(values)}f", *values)


def _tensor(name: str, shape: Sequence[int], kind: int, raw: bytes) -> bytes:
    """TensorProto."""
    dims = b"".join(number(1, size) for size in shape)
    return dims + number(2, kind) + text(8, name) + text(9, raw)


def floats(name: str, shape: Sequence[int], raw: bytes) -> bytes:
    """A constant of 32-bit floats; `raw` holds them little-endian and in row-major order."""
    count = 1
    for size in shape:
        count *= size
    if len(raw) != 4 * count:
        raise ValueError(f"{name}: {len(raw)} bytes for the shape {tuple(shape)}")
    return _tensor(name, shape, FLOAT, raw)


def int64s(name: str, values: Sequence[int]) -> bytes:
    """A constant list of 64-bit integers."""
    return _tensor(name, (len(values),), INT64, struct.pack(f"<{len(values)}q", *values))


def attribute_int(name: str, value: int) -> bytes:
    """AttributeProto that is a number."""
    return text(1, name) + number(3, value) + number(20, ATTRIBUTE_INT)


def attribute_ints(name: str, values: Sequence[int]) -> bytes:
    """AttributeProto that is a list of numbers."""
    return text(1, name) + b"".join(number(8, value) for value in values) + number(20, ATTRIBUTE_INTS)


def node(operator: str, inputs: Sequence[str], outputs: Sequence[str], attributes: Sequence[bytes] = ()) -> bytes:
    """NodeProto, named after its first named output. An output that is not wanted has the empty name."""
    name = next(output for output in outputs if output)
    return repeated(1, inputs) + repeated(2, outputs) + text(3, f"to_{name}") + text(4, operator) + repeated(5, attributes)


def value(name: str, shape: Sequence[Union[str, int]]) -> bytes:
    """ValueInfoProto of 32-bit floats. A size that is text is any size, called by it."""
    dims = (text(2, size) if isinstance(size, str) else number(1, size) for size in shape)
    tensor_type = number(1, FLOAT) + text(2, repeated(1, dims))
    return text(1, name) + text(2, text(1, tensor_type))


def graph(
    name: str, nodes: Sequence[bytes], constants: Sequence[bytes], inputs: Sequence[bytes], outputs: Sequence[bytes]
) -> bytes:
    """GraphProto; the nodes in an order in which each comes after those whose outputs it takes."""
    return repeated(1, nodes) + text(2, name) + repeated(5, constants) + repeated(11, inputs) + repeated(12, outputs)


def model(graph_bytes: bytes, producer: str = "voicegate") -> bytes:
    """ModelProto: a whole file."""
    return number(1, IR_VERSION) + text(2, producer) + text(7, graph_bytes) + text(8, number(2, OPSET))
