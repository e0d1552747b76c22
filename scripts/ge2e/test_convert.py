"""Tests of the conversion: `python3 -m unittest discover -s scripts/ge2e`. Whether the network computes what PyTorch computes is
checked in training/tests/test_ge2e_onnx.py."""

import io
import pickle
import struct
import unittest

import convert
import onnx_bytes
import torch_legacy


def opcodes(value) -> bytes:
    """A plain value in the midst of a pickle."""
    return pickle.dumps(value, protocol=2)[2:-1]


def tensor(key: str, size: int, offset: int, shape: tuple, strides: tuple, storage: bytes = b"ctorch\nFloatStorage\n") -> bytes:
    """A tensor as torch.save pickles it."""
    pid = b"(" + opcodes("storage") + storage + b"".join(map(opcodes, (key, "cpu", size, None))) + b"tQ"
    arguments = pid + b"".join(map(opcodes, (offset, shape, strides, False, {})))
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + arguments + b"tR"


def checkpoint(body: bytes, storages: dict) -> io.BytesIO:
    """A file as torch.save wrote it before version 1.6."""
    head = [torch_legacy.MAGIC, torch_legacy.VERSION, {"little_endian": True}]
    data = b"".join(struct.pack(f"<q{len(values)}f", len(values), *values) for values in storages.values())
    pickles = b"".join(pickle.dumps(value, protocol=2) for value in head)
    return io.BytesIO(pickles + b"\x80\x02" + body + b"." + pickle.dumps(list(storages), protocol=2) + data)


class Checkpoint(unittest.TestCase):
    def test_tensors_are_read_from_where_they_lie(self):
        file = checkpoint(tensor("7", 6, 2, (2, 2), (2, 1)), {"7": [0, 1, 2, 3, 4, 5]})
        read = torch_legacy.load(file)
        self.assertEqual(read.shape, (2, 2))
        self.assertEqual(struct.unpack("<4f", read.values()), (2, 3, 4, 5))

    def test_what_is_no_float_tensor_is_refused(self):
        values = {"7": [0.0] * 6}
        for name, body in {
            "a call": b"cos\nsystem\n(" + opcodes("true") + b"tR",
            "a builtin": b"cbuiltins\neval\n(" + opcodes("1") + b"tR",
            "another type": tensor("7", 6, 0, (6,), (1,), b"ctorch\nLongStorage\n"),
            "a transposed tensor": tensor("7", 6, 0, (2, 3), (1, 2)),
            "a tensor beyond its storage": tensor("7", 6, 1, (6,), (1,)),
        }.items():
            with self.subTest(name), self.assertRaises(pickle.UnpicklingError):
                torch_legacy.load(checkpoint(body, values))

    def test_a_file_cut_off_is_refused(self):
        whole = checkpoint(tensor("7", 6, 0, (6,), (1,)), {"7": [0.0] * 6}).getvalue()
        with self.assertRaises(pickle.UnpicklingError):
            torch_legacy.load(io.BytesIO(whole[:-1]))

    def test_a_missing_or_misshapen_tensor_is_named(self):
        with self.assertRaisesRegex(ValueError, "linear.weight"):
            convert.weights_of({})


class Bytes(unittest.TestCase):
    def test_numbers_and_text(self):
        # The examples of the protocol buffers' description of their encoding.
        self.assertEqual(onnx_bytes.varint(0), b"\0")
        self.assertEqual(onnx_bytes.number(1, 150), b"\x08\x96\x01")
        self.assertEqual(onnx_bytes.text(2, "testing"), b"\x12\x07testing")

    def test_a_constant_must_fill_its_shape(self):
        self.assertIn(b"name", onnx_bytes.floats("name", (2, 3), bytes(24)))
        with self.assertRaises(ValueError):
            onnx_bytes.floats("name", (2, 3), bytes(20))


class Network(unittest.TestCase):
    def test_gates_are_put_into_the_order_of_onnx(self):
        self.assertEqual(convert.to_onnx_gates(b"iiffccoo"), b"iiooffcc")


if __name__ == "__main__":
    unittest.main()
