/* A convolution: for each place what its kernels meet is gathered, then multiplied with two kernels at a time. It is a
   transposed one where `transposed` is set, and a linear layer where all sides are 1. The map that is written may lie
   on the one that is joined, and on the one that is read where sides are 1 and no more channels are written. */
struct conv {
    struct window window;
    int kernels, groups, transposed;
    value_t outside;         /* what stands for zero */
    const weight_t *weights; /* kernels, taps, channels of a group */
    struct finish finish;
};

INLINE int conv_reads(const struct conv *layer, int axis, int place, int tap) {
    const struct window *window = &layer->window;
    if (!layer->transposed) {
        return place_read(window, axis, place, tap);
    }
    place += window->before[axis] - tap * window->dilation[axis];
    return place % window->stride[axis] == 0 ? place / window->stride[axis] : -1;
}

/* What one row of a kernel meets, all channels: what lies on the map is one piece. */
INLINE void gather_row(const struct conv *layer, const value_t *line, int column, patch_t *patch) {
    const struct window *window = &layer->window;
    const int start = place_read(window, 2, column, 0), side = window->kernel[2], channels = window->channels;
    const int before = start >= 0 ? 0 : -start < side ? -start : side;
    const int inside = window->read[2] - start < side ? window->read[2] - start : side;
    const int end = inside > before ? inside : before;
    if (before) {
        patch_fill(patch, layer->outside, before * channels);
    }
    if (end > before) {
        patch_copy(patch + before * channels, line + (start + before) * channels, (end - before) * channels);
    }
    if (side > end) {
        patch_fill(patch + end * channels, layer->outside, (side - end) * channels);
    }
}

INLINE void gather(const struct conv *layer, const value_t *read, int group, int place, patch_t *patch) {
    const struct window *window = &layer->window;
    const int members = window->channels / layer->groups, side = window->kernel[2];
    const int column = place % window->written[2], line = place / window->written[2];
    const int row = line % window->written[1], sheet = line / window->written[1];
    for (int deep = 0; deep < window->kernel[0]; deep++) {
        const int z = conv_reads(layer, 0, sheet, deep);
        for (int down = 0; down < window->kernel[1]; down++, patch += side * members) {
            const int y = conv_reads(layer, 1, row, down);
            if (!is_inside(window, 0, z) || !is_inside(window, 1, y)) {
                patch_fill(patch, layer->outside, side * members);
                continue;
            }
            const value_t *from = read + (z * window->read[1] + y) * window->read[2] * window->channels;
            if (layer->groups == 1 && !layer->transposed && window->dilation[2] == 1) {
                gather_row(layer, from, column, patch);
                continue;
            }
            for (int right = 0; right < side; right++) {
                const int x = conv_reads(layer, 2, column, right);
                if (is_inside(window, 2, x)) {
                    patch_copy(patch + right * members, from + x * window->channels + group * members, members);
                } else {
                    patch_fill(patch + right * members, layer->outside, members);
                }
            }
        }
    }
}

KERNEL void conv(const struct conv *layer, const value_t *read, const value_t *joined, value_t *written,
                 patch_t *patches) {
    const struct window *window = &layer->window;
    const int places = window->written[0] * window->written[1] * window->written[2];
    const int length = window->kernel[0] * window->kernel[1] * window->kernel[2] * (window->channels / layer->groups);
    const int rows = layer->kernels / layer->groups, kernels = layer->kernels;
    for (int place = 0; place < places; place += 2) {
        const int pair = place + 1 < places;
        for (int group = 0; group < layer->groups; group++) {
            gather(layer, read, group, place, patches);
            gather(layer, read, group, place + pair, patches + PATCH_LENGTH(length));
            for (int row = 0; row < rows; row += 2) {
                const int channel = group * rows + row, twin = row + 1 < rows;
                const int first = place * kernels + channel, second = first + kernels;
                sum_t sums[4];
                dots(patches, patches + PATCH_LENGTH(length), layer->weights + channel * length,
                     layer->weights + (channel + twin) * length, length, sums);
                written[first] = finish(&layer->finish, sums[0], channel, joined, first);
                if (twin) {
                    written[first + 1] = finish(&layer->finish, sums[1], channel + 1, joined, first + 1);
                }
                if (pair) {
                    written[second] = finish(&layer->finish, sums[2], channel, joined, second);
                }
                if (pair && twin) {
                    written[second + 1] = finish(&layer->finish, sums[3], channel + 1, joined, second + 1);
                }
            }
        }
    }
}
