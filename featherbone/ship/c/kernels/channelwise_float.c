/* A convolution of each channel by itself, for vectors of channels. Weights: blocks of 16 channels, taps. */
struct channelwise {
    struct edges edges;
    int written[2], kernel[2], stride[2], dilation[2];
    const weight_t *weights;
    struct finish finish;
};

/* LANES channels at some places of a row. */
INLINE void filter_lanes(const struct channelwise *layer, const value_t *from, int channel, int count,
                         const value_t *joined, value_t *written) {
    const int channels = layer->edges.channels, line = layer->edges.padded[1] * channels;
    const weight_t *weights = layer->weights + channel / 16 * layer->kernel[0] * layer->kernel[1] * 16 + channel % 16;
    lanes_t sums[6];
#pragma GCC unroll 6
    for (int place = 0; place < count; place++) {
        sums[place] = (lanes_t){0};
    }
    for (int down = 0; down < layer->kernel[0]; down++) {
        for (int right = 0; right < layer->kernel[1]; right++, weights += 16) {
            const lanes_t kernels = lanes_at(weights);
            const value_t *met = from + down * layer->dilation[0] * line + right * layer->dilation[1] * channels + channel;
#pragma GCC unroll 6
            for (int place = 0; place < count; place++) {
                sums[place] += lanes_at(met + place * layer->stride[1] * channels) * kernels;
            }
        }
    }
#pragma GCC unroll 6
    for (int place = 0; place < count; place++) {
        finish_lanes(&layer->finish, sums[place], channel, channels, joined, written, place * channels + channel);
    }
}

KERNEL void channelwise(const struct channelwise *layer, const value_t *read, const value_t *joined, value_t *written,
                        value_t *room) {
    const int channels = layer->edges.channels, line = layer->edges.padded[1] * channels, width = layer->written[1];
    const value_t *padded = with_edges(&layer->edges, read, room);
    for (int row = 0; row < layer->written[0]; row++) {
        for (int channel = 0; channel < channels; channel += LANES) {
            for (int place = 0; place < width; place += 6) {
                const value_t *from = padded + row * layer->stride[0] * line + place * layer->stride[1] * channels;
                const int at = (row * width + place) * channels;
                const value_t *other = joined ? joined + at : NULL;
                if (place + 6 <= width) {
                    filter_lanes(layer, from, channel, 6, other, written + at);
                } else {
                    filter_lanes(layer, from, channel, width % 6, other, written + at);
                }
            }
        }
    }
}
