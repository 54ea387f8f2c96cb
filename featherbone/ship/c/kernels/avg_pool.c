/* The mean of each window, over as many values as `mean` is told. */
struct avg_pool {
    struct window window;
    int after[3], count_padding;
    struct mean mean;
};

INLINE int window_count(const struct avg_pool *pool, int axis, int place) {
    const struct window *window = &pool->window;
    const int start = place_read(window, axis, place, 0), side = window->read[axis];
    const int end = start + window->kernel[axis];
    if (pool->count_padding) {
        return (end < side + pool->after[axis] ? end : side + pool->after[axis]) - start;
    }
    return (end < side ? end : side) - (start > 0 ? start : 0);
}

KERNEL void avg_pool(const struct avg_pool *pool, const value_t *read, value_t *written, sum_t *sums) {
    const struct window *window = &pool->window;
    const int channels = window->channels;
    for (int sheet = 0; sheet < window->written[0]; sheet++) {
        for (int row = 0; row < window->written[1]; row++) {
            for (int column = 0; column < window->written[2]; column++, written += channels) {
                const int count = window_count(pool, 0, sheet) * window_count(pool, 1, row) * window_count(pool, 2, column);
                for (int channel = 0; channel < channels; channel++) {
                    sums[channel] = 0;
                }
                for (int deep = 0; deep < window->kernel[0]; deep++) {
                    const int z = place_read(window, 0, sheet, deep);
                    for (int down = 0; down < window->kernel[1]; down++) {
                        const int y = place_read(window, 1, row, down);
                        for (int right = 0; right < window->kernel[2]; right++) {
                            const int x = place_read(window, 2, column, right);
                            if (!is_inside(window, 0, z) || !is_inside(window, 1, y) || !is_inside(window, 2, x)) {
                                continue;
                            }
                            const value_t *met = read + ((z * window->read[1] + y) * window->read[2] + x) * channels;
                            for (int channel = 0; channel < channels; channel++) {
                                sums[channel] += met[channel] - pool->mean.read_zero;
                            }
                        }
                    }
                }
                means(&pool->mean, count, channels, sums, written);
            }
        }
    }
}
