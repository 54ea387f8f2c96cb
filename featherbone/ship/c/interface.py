"""How a network in C is called: its header, the functions behind it, and a ``main`` that classifies an image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from featherbone.data.batches import normalise
from featherbone.graph import Graph
from featherbone.nn import Preprocessing
from featherbone.quantize import QuantizedNetwork
from featherbone.quantize.rescale import to_integers
from featherbone.ship.c.call import places
from featherbone.ship.c.processor import Processor
from featherbone.ship.c.text import array, literal


@dataclass(frozen=True, kw_only=True)
class Interface:
    """What a classifier has besides its network: the classes, and what happens to an image before it is seen."""

    classes: tuple[str, ...]
    preprocessing: Preprocessing


def header_text(name: str, graph: Graph, precision: str, interface: Interface | None) -> str:
    """The header."""
    image, answer = graph.nodes[0].shape, graph[graph.outputs[0]].shape
    sizes = {"CHANNELS": int(image[0]), "PLACES": places(image), "ANSWERS": int(answer[0]) * places(answer)}
    lines = [
        f"#ifndef {name.upper()}_H",
        f"#define {name.upper()}_H\n",
        "#include <stdint.h>\n",
        *(f"#define {name.upper()}_{key} {value}" for key, value in sizes.items()),
        "",
    ]
    kind, door = ("int8_t", "integers") if precision == "int8" else ("float", "numbers")
    if precision == "int8":
        lines += [
            "/* The same in numbers: normalised pixels in, logits out. */",
            f"void {name}_numbers(const float *image, float *answer);",
            "",
        ]
    lines += [
        "/* What the network writes for a map in its own numbers, place after place, the channels of each together.",
        "   Maps are held in one static array: one call at a time. */",
        f"void {name}_{door}(const {kind} *image, {kind} *answer);",
        "",
    ]
    if interface:
        side = interface.preprocessing.resolution
        lines += [
            f"#define {name.upper()}_SIDE {side}",
            f"extern const char *const {name}_classes[{len(interface.classes)}];",
            "",
            "/* The most probable class of an image: SIDE rows of SIDE pixels of CHANNELS bytes, red first. Writes the",
            "   probability of each class, where `probabilities` is not NULL. */",
            f"int {name}_classify(const uint8_t *pixels, float *probabilities);",
            "",
            "/* What the network answers for an image before it becomes probabilities: a number for each class. */",
            f"void {name}_logits(const uint8_t *pixels, float *logits);",
            "",
        ]
    return "\n".join([*lines, "#endif", ""])


def integer_door(network: QuantizedNetwork, answer: str, interface: Interface | None, processor: Processor) -> str:
    """The functions behind the header, of integers; ``answer`` is the map that is wanted."""
    graph = network.graph
    image, written = graph.nodes[0], graph[graph.outputs[0]]
    grid, given = network.grids[written.name], network.grids[image.name]
    offset = processor.offset
    read, out = int(image.shape[0]) * places(image.shape), int(written.shape[0]) * places(written.shape)
    text = f"""void ${{name}}_integers(const int8_t *image, int8_t *answer) {{
    for (int place = 0; place < {read}; place++) {{
        arena[${{image}} + place] = (value_t)(image[place] + {processor.offset});
    }}
    compute();
    for (int place = 0; place < {out}; place++) {{
        answer[place] = (int8_t)(arena[${{answer}} + place] - {processor.offset});
    }}
}}

void ${{name}}_numbers(const float *image, float *answer) {{
    for (int place = 0; place < {read}; place++) {{
        const double value = floor(image[place] / {given.step!r} + 0.5) + {given.zero + offset};
        arena[${{image}} + place] = (value_t)(value < LEAST ? LEAST : value > LEAST + 255 ? LEAST + 255 : value);
    }}
    compute();
    for (int place = 0; place < {out}; place++) {{
        answer[place] = (float)((double)(arena[${{answer}} + place] - {grid.zero + offset}) * {grid.step!r});
    }}
}}
"""
    if interface is None:
        return text
    tables = _pixel_tables(network, interface.preprocessing, processor.offset)
    return (
        text
        + f"""
{array("pixel_values", tables)}
void ${{name}}_logits(const uint8_t *pixels, float *logits) {{
    for (int place = 0; place < {read}; place++) {{
        arena[${{image}} + place] = pixel_values[place % {int(image.shape[0])} * 256 + pixels[place]];
    }}
    compute();
    for (int place = 0; place < {out}; place++) {{
        logits[place] = (float)((double)(arena[${{answer}} + place] - {grid.zero + processor.offset}) * {grid.step!r});
    }}
}}
"""
    )


def _pixel_tables(network: QuantizedNetwork, preprocessing: Preprocessing, offset: int) -> np.ndarray:
    """What is stored for each of 256 values of a pixel, channel after channel."""
    values = np.repeat(np.arange(256, dtype=np.uint8)[:, None], preprocessing.channels, 1)[None, None]
    numbers = normalise(values, preprocessing.mean, preprocessing.std).numpy()[0, :, 0]
    found = to_integers(numbers, network.grids[network.graph.nodes[0].name]).astype(np.int16) + offset
    return found.astype(np.uint8 if offset else np.int8)


def number_door(graph: Graph, interface: Interface | None) -> str:
    """The functions behind the header, of float32."""
    image, written = graph.nodes[0], graph[graph.outputs[0]]
    read, out = int(image.shape[0]) * places(image.shape), int(written.shape[0]) * places(written.shape)
    text = f"""void ${{name}}_numbers(const float *image, float *answer) {{
    memcpy(arena + ${{image}}, image, {read} * sizeof(float));
    compute();
    memcpy(answer, arena + ${{answer}}, {out} * sizeof(float));
}}
"""
    if interface is None:
        return text
    seen = interface.preprocessing
    values = np.repeat(np.arange(256, dtype=np.uint8)[:, None], seen.channels, 1)[None, None]
    tables = normalise(values, seen.mean, seen.std).numpy()[0, :, 0]
    return (
        text
        + f"""
{array("pixel_values", np.ascontiguousarray(tables))}
void ${{name}}_logits(const uint8_t *pixels, float *logits) {{
    for (int place = 0; place < {read}; place++) {{
        arena[${{image}} + place] = pixel_values[place % {int(image.shape[0])} * 256 + pixels[place]];
    }}
    compute();
    memcpy(logits, arena + ${{answer}}, {out} * sizeof(float));
}}
"""
    )


def classifier_text(name: str, interface: Interface, graph: Graph, precision: str) -> str:
    """Class names, probabilities, and a ``main`` that reads an image."""
    classes = interface.classes
    named = "".join(f"    {literal(each)},\n" for each in classes)
    seen = interface.preprocessing
    size = f"{seen.resolution} x {seen.resolution}"
    kind = "P5" if seen.channels == 1 else "P6"
    return f"""const char *const {name}_classes[{len(classes)}] = {{
{named}}};

int {name}_classify(const uint8_t *pixels, float *probabilities) {{
    static float logits[{len(classes)}];
    int best = 0;
    float total = 0;
    {name}_logits(pixels, logits);
    for (int place = 1; place < {len(classes)}; place++) {{
        best = logits[place] > logits[best] ? place : best;
    }}
    for (int place = 0; probabilities && place < {len(classes)}; place++) {{
        probabilities[place] = expf(logits[place] - logits[best]);
        total += probabilities[place];
    }}
    for (int place = 0; probabilities && place < {len(classes)}; place++) {{
        probabilities[place] /= total;
    }}
    return best;
}}

/* Compiled with -D{name.upper()}_MAIN this is a program: it says what is on an image of the network's size. */
#ifdef {name.upper()}_MAIN
#include <stdio.h>

static uint8_t pixels[{seen.resolution * seen.resolution * seen.channels}];
static float probabilities[{len(classes)}];

int main(int count, char **arguments) {{
    int width = 0, height = 0, most = 0;
    FILE *file = count == 2 ? fopen(arguments[1], "rb") : NULL;
    if (!file) {{
        fprintf(stderr, "usage: %s IMAGE, a {kind} file that can be read\\n", arguments[0]);
        return 2;
    }}
    if (fscanf(file, "{kind} %d %d %d", &width, &height, &most) != 3 || width != {seen.resolution} ||
        height != {seen.resolution} || most != 255 || fgetc(file) == EOF ||
        fread(pixels, 1, sizeof pixels, file) != sizeof pixels) {{
        fprintf(stderr, "%s is no {kind} file of {size} pixels with values up to 255\\n", arguments[1]);
        fclose(file);
        return 1;
    }}
    fclose(file);
    const int best = {name}_classify(pixels, probabilities);
    printf("%s %.4f\\n", {name}_classes[best], (double)probabilities[best]);
    return 0;
}}
#endif
"""
