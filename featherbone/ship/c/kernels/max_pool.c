/* The largest of each window; what is outside of the map never wins. */
KERNEL void max_pool(const struct window *window, const value_t *read, value_t *written) {
    const int channels = window->channels;
    for (int sheet = 0; sheet < window->written[0]; sheet++) {
        for (int row = 0; row < window->written[1]; row++) {
            for (int column = 0; column < window->written[2]; column++, written += channels) {
                for (int channel = 0; channel < channels; channel++) {
                    written[channel] = LEAST;
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
                                written[channel] = met[channel] > written[channel] ? met[channel] : written[channel];
                            }
                        }
                    }
                }
            }
        }
    }
}
