"""A TensorFlow Lite model while it is written: its tensors, its operators, and the bytes of its constants."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from featherbone.errors import FeatherboneError
from featherbone.quantize.grid import Grid
from featherbone.ship.tflite.kinds import KINDS
from featherbone.ship.tflite.schema import schema

LARGEST_HALF = float(np.finfo(np.float16).max)
ALIGNMENT = 16  # bytes: runtimes read constants where they lie, with vector instructions
TYPES = {
    "float16": "FLOAT16",
    "float32": "FLOAT32",
    "int8": "INT8",
    "int32": "INT32",
    "uint8": "UINT8",
}
FILE_MARK = b"TFL3"
SIGNATURE = "serving_default"  # the name under which TensorFlow's own files are called


@dataclass(frozen=True, kw_only=True)
class LiteTensor:
    """A tensor of the file: its place in the list of them, its shape with the batch, its numbers' type and grid.

    >>> LiteTensor(place=0, shape=(1, 8, 8, 3), type="float32").grid is None
    True
    """

    place: int
    shape: tuple[int, ...]
    type: str
    grid: Grid | None = None


class _AlignedBuffer:
    """A constant's bytes; the schema's own class writes them wherever they come to lie."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def Pack(self, builder: Any) -> int:
        made = schema()
        start = None
        if self.content:
            builder.StartVector(1, len(self.content), ALIGNMENT)
            builder.head = builder.head - len(self.content)
            builder.Bytes[builder.Head() : builder.Head() + len(self.content)] = self.content
            start = builder.EndVector()
        made.BufferStart(builder)
        if start is not None:
            made.BufferAddData(builder, start)
        return int(made.BufferEnd(builder))


class LiteDraft:
    """One subgraph, and everything beside it; a constant that two operators read is held once."""

    def __init__(self, name: str, *, half: bool = False) -> None:
        self._schema, self._half = schema(), half
        self._name = name
        self._tensors: list[Any] = []
        self._operators: list[Any] = []
        self._codes: dict[tuple[int, int], int] = {}
        self._buffers: list[bytes] = [b""]  # the first is that of all tensors without constants
        self._held: dict[bytes, int] = {b"": 0}
        self._constants: dict[tuple[int, str, tuple[int, ...], bytes], LiteTensor] = {}
        self._opened: dict[int, LiteTensor] = {}  # by the place of the float16 that it is made of
        self._names: set[str] = set()

    def tensor(self, name: str, shape: Sequence[int], kind: str = "float32", grid: Grid | None = None) -> LiteTensor:
        """A tensor that an operator writes, or that is given; int8 where it has a grid."""
        quantization = None
        if grid is not None:
            kind = "int8" if kind == "float32" else kind
            quantization = self._quantization([grid.step], [grid.zero])
        return self._add(name, shape, kind, 0, quantization, grid)

    def pixels(self, name: str, shape: Sequence[int]) -> LiteTensor:
        """A tensor of uint8 that is given: v stands for v / 255."""
        return self._add(name, shape, "uint8", 0, self._quantization([1 / 255], [0]), None)

    def constant(
        self,
        name: str,
        values: np.ndarray,
        *,
        grid: Grid | None = None,
        steps: np.ndarray | None = None,
        axis: int = 0,
    ) -> LiteTensor:
        """A tensor of these values, in their own type; with a grid, or with a step for each place of an axis."""
        content = values.astype(values.dtype.newbyteorder("<")).tobytes()
        quantization, mark = None, b""
        if grid is not None:
            quantization = self._quantization([grid.step], [grid.zero])
            mark = repr(grid).encode()
        elif steps is not None:
            quantization = self._quantization(steps, [0] * len(steps), axis)
            mark = steps.astype(np.float32).tobytes() + bytes([axis])
        buffer = self._buffer(content)
        key = (buffer, values.dtype.name, values.shape, mark)
        if key not in self._constants:
            self._constants[key] = self._add(name, values.shape, values.dtype.name, buffer, quantization, grid)
        return self._constants[key]

    def weight(self, name: str, values: np.ndarray) -> LiteTensor:
        """A weight in float32; held as float16 where the file is to be half as large, and made numbers as it is opened.

        Raises:
            FeatherboneError: float16 does not hold it.
        """
        if not self._half:
            return self.constant(name, values)
        largest = float(np.abs(values).max(initial=0.0))
        if largest > LARGEST_HALF:
            raise FeatherboneError(
                f"{name} holds {largest:.3g}; float16 ends at {LARGEST_HALF:g}", hint="export it in float32"
            )
        held = self.constant(f"{name}/half", values.astype(np.float16))
        if held.place not in self._opened:
            self._opened[held.place] = self.tensor(name, held.shape)
            self.operator("DEQUANTIZE", [held], self._opened[held.place], {})
        return self._opened[held.place]

    def operator(
        self, kind: str, inputs: Sequence[LiteTensor | None], output: LiteTensor, options: Mapping[str, Any]
    ) -> None:
        """Compute ``output`` by a builtin operator; None stands for an input that is left out."""
        made, known = self._schema, KINDS[kind]
        code = getattr(made.BuiltinOperator, kind)
        version = known.version if output.type != "int8" else known.int8_version
        place = self._codes.setdefault((code, version), len(self._codes))
        settings = None
        if known.options:
            settings = getattr(made, f"{known.options}T")()
            for key, value in options.items():
                assert hasattr(settings, key), f"{kind} has no option {key}"
                setattr(settings, key, value)
        self._operators.append(
            made.OperatorT(
                opcodeIndex=place,
                inputs=[-1 if tensor is None else tensor.place for tensor in inputs],
                outputs=[output.place],
                builtinOptionsType=getattr(made.BuiltinOptions, known.options) if known.options else 0,
                builtinOptions=settings,
            )
        )

    def content(
        self, inputs: Mapping[str, LiteTensor], outputs: Mapping[str, LiteTensor], metadata: Mapping[str, bytes]
    ) -> bytes:
        """The file: what is given and what is answered by their names, and texts to keep beside them."""
        import flatbuffers

        made = self._schema
        places = {name: self._buffer(text) for name, text in metadata.items()}
        subgraph = made.SubGraphT(
            tensors=self._tensors,
            inputs=[tensor.place for tensor in inputs.values()],
            outputs=[tensor.place for tensor in outputs.values()],
            operators=self._operators,
            name=self._name,
        )
        signature = made.SignatureDefT(
            inputs=[made.TensorMapT(name=name, tensorIndex=tensor.place) for name, tensor in inputs.items()],
            outputs=[made.TensorMapT(name=name, tensorIndex=tensor.place) for name, tensor in outputs.items()],
            signatureKey=SIGNATURE,
        )
        model = made.ModelT(
            version=3,
            operatorCodes=[
                made.OperatorCodeT(deprecatedBuiltinCode=min(code, 127), builtinCode=code, version=version)
                for code, version in self._codes
            ],
            subgraphs=[subgraph],
            description=f"{self._name}, written by featherbone",
            buffers=[_AlignedBuffer(content) for content in self._buffers],
            metadata=[made.MetadataT(name=name, buffer=place) for name, place in places.items()],
            signatureDefs=[signature],
        )
        builder = flatbuffers.Builder(sum(map(len, self._buffers)) + 2**16)
        builder.Finish(model.Pack(builder), FILE_MARK)
        return bytes(builder.Output())

    def _add(
        self, name: str, shape: Sequence[int], kind: str, buffer: int, quantization: Any, grid: Grid | None
    ) -> LiteTensor:
        sizes = tuple(int(size) for size in shape)
        self._tensors.append(
            self._schema.TensorT(
                shape=list(sizes),
                type=getattr(self._schema.TensorType, TYPES[kind]),
                buffer=buffer,
                name=self._free(name),
                quantization=quantization,
                hasRank=True,
            )
        )
        return LiteTensor(place=len(self._tensors) - 1, shape=sizes, type=kind, grid=grid)

    def _quantization(self, steps: Any, zeros: Sequence[int], axis: int = 0) -> Any:
        return self._schema.QuantizationParametersT(
            scale=np.asarray(steps, dtype=np.float32),
            zeroPoint=np.array(zeros, dtype=np.int64),
            quantizedDimension=axis,
        )

    def _buffer(self, content: bytes) -> int:
        digest = hashlib.sha256(content).digest() if content else b""
        if digest not in self._held:
            self._held[digest] = len(self._buffers)
            self._buffers.append(content)
        return self._held[digest]

    def _free(self, name: str) -> str:
        number, found = 1, name
        while found in self._names:
            number += 1
            found = f"{name}/{number}"
        self._names.add(found)
        return found
