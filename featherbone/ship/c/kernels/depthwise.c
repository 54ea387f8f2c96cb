/* A convolution of each channel by itself: a channel is copied to a plane with its edges, so that the map that is
   written may lie on the one that is read. */
struct depthwise {
    struct window window;
    int plane[3];            /* sides, edges included */
    value_t outside;         /* what stands for zero */
    const weight_t *weights; /* channels, taps */
    struct finish finish;
};

INLINE void plane_copy(const struct depthwise *layer, const value_t *read, value_t *plane) {
    const struct window *window = &layer->window;
    for (int z = -window->before[0]; z < layer->plane[0] - window->before[0]; z++) {
        for (int y = -window->before[1]; y < layer->plane[1] - window->before[1]; y++) {
            const int met = is_inside(window, 0, z) && is_inside(window, 1, y);
            const int line = (z * window->read[1] + y) * window->read[2];
            for (int x = -window->before[2]; x < layer->plane[2] - window->before[2]; x++) {
                *plane++ = met && is_inside(window, 2, x) ? read[(line + x) * window->channels] : layer->outside;
            }
        }
    }
}

INLINE sum_t plane_sum(const struct depthwise *layer, const value_t *plane, const weight_t *weights) {
    const struct window *window = &layer->window;
    sum_t sum = 0;
    for (int deep = 0; deep < window->kernel[0]; deep++) {
        for (int down = 0; down < window->kernel[1]; down++) {
            const int line = deep * window->dilation[0] * layer->plane[1] + down * window->dilation[1];
            for (int right = 0; right < window->kernel[2]; right++) {
                sum += (sum_t)plane[line * layer->plane[2] + right * window->dilation[2]] * *weights++;
            }
        }
    }
    return sum;
}

KERNEL void depthwise(const struct depthwise *layer, const value_t *read, const value_t *joined, value_t *written,
                      value_t *plane) {
    const struct window *window = &layer->window;
    const int taps = window->kernel[0] * window->kernel[1] * window->kernel[2];
    for (int channel = 0; channel < window->channels; channel++) {
        int at = channel;
        plane_copy(layer, read + channel, plane);
        for (int z = 0; z < window->written[0]; z++) {
            for (int y = 0; y < window->written[1]; y++) {
                const int line = (z * window->stride[0] * layer->plane[1] + y * window->stride[1]) * layer->plane[2];
                for (int x = 0; x < window->written[2]; x++, at += window->channels) {
                    const sum_t sum = plane_sum(layer, plane + line + x * window->stride[2],
                                                layer->weights + channel * taps);
                    written[at] = finish(&layer->finish, sum, channel, joined, at);
                }
            }
        }
    }
}
