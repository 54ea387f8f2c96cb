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
