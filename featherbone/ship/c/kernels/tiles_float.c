/* A convolution for vectors. Weights lie in blocks of 16 kernels: for each run of values that lie side by side on the
   map, for each of them 16 weights. */
struct tiles {
    struct edges edges;
    int written[2], kernels, stride[2];
    int runs, length, run_rows[2]; /* runs of so many values; how far apart they are: rows, then columns */
    int columns;                   /* runs of a row */
    const weight_t *weights;
    struct finish finish;
};

/* Blocks of 16 kernels at rows × columns places. */
INLINE void tile(const struct tiles *layer, const value_t *from, int block, int blocks, int rows, int columns,
                 const value_t *joined, value_t *written) {
    lanes_t sums[2 * PARTS][24];
    const int channels = layer->edges.channels, line = layer->edges.padded[1] * channels, places = rows * columns;
    const int of_block = layer->runs * layer->length * 16, vectors = blocks * PARTS;
#pragma GCC unroll 8
    for (int vector = 0; vector < vectors; vector++) {
#pragma GCC unroll 24
        for (int place = 0; place < places; place++) {
            sums[vector][place] = (lanes_t){0};
        }
    }
    for (int run = 0; run < layer->runs; run++) {
        const value_t *met = from + run / layer->columns * layer->run_rows[0] * line +
                             run % layer->columns * layer->run_rows[1] * channels;
        const weight_t *taken = layer->weights + block * of_block + run * layer->length * 16;
#pragma GCC unroll 1
        for (int value = 0; value < layer->length; value++, met++, taken += 16) {
            lanes_t kernels[2 * PARTS];
#pragma GCC unroll 8
            for (int vector = 0; vector < vectors; vector++) {
                kernels[vector] = lanes_at(taken + vector / PARTS * of_block + vector % PARTS * LANES);
            }
#pragma GCC unroll 24
            for (int place = 0; place < places; place++) {
                const int at = place / columns * layer->stride[0] * line + place % columns * layer->stride[1] * channels;
#pragma GCC unroll 8
                for (int vector = 0; vector < vectors; vector++) {
                    sums[vector][place] += met[at] * kernels[vector];
                }
            }
        }
    }
#pragma GCC unroll 24
    for (int place = 0; place < places; place++) {
#pragma GCC unroll 8
        for (int vector = 0; vector < vectors; vector++) {
            const int channel = 16 * block + vector * LANES;
            const int at = (place / columns * layer->written[1] + place % columns) * layer->kernels + channel;
            finish_lanes(&layer->finish, sums[vector][place], channel, layer->kernels, joined, written, at);
        }
    }
}

/* Blocks at all places, in tiles of rows × columns. */
INLINE void tiled_blocks(const struct tiles *layer, const value_t *read, int block, int blocks, const value_t *joined,
                         value_t *written) {
    const int height = layer->written[0], width = layer->written[1];
    const int columns = width < PLACES(blocks) ? width : PLACES(blocks);
    const int rows = PLACES(blocks) / columns < height ? PLACES(blocks) / columns : height;
    const int line = layer->edges.padded[1] * layer->edges.channels;
    for (int row = 0; row < height; row += rows) {
        for (int column = 0; column < width; column += columns) {
            const value_t *from =
                read + row * layer->stride[0] * line + column * layer->stride[1] * layer->edges.channels;
            const int at = (row * width + column) * layer->kernels;
            const value_t *other = joined ? joined + at : NULL;
            if (row + rows <= height && column + columns <= width) {
                tile(layer, from, block, blocks, rows, columns, other, written + at);
            } else if (row + rows <= height) {
                tile(layer, from, block, blocks, rows, width % columns, other, written + at);
            } else if (column + columns <= width) {
                tile(layer, from, block, blocks, height % rows, columns, other, written + at);
            } else {
                tile(layer, from, block, blocks, height % rows, width % columns, other, written + at);
            }
        }
    }
}

KERNEL void tiles(const struct tiles *layer, const value_t *read, const value_t *joined, value_t *written,
                  value_t *room) {
    const int blocks = (layer->kernels + 15) / 16;
    const value_t *from = with_edges(&layer->edges, read, room);
    for (int block = 0; block + 2 <= blocks; block += 2) {
        tiled_blocks(layer, from, block, 2, joined, written);
    }
    if (blocks % 2) {
        tiled_blocks(layer, from, blocks - 1, 1, joined, written);
    }
}
