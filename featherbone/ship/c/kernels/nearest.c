/* A map at another size: for each side the place that is read for each that is written. */
struct nearest {
    int read[3], written[3], channels;
    const uint16_t *places[3];
};

KERNEL void nearest(const struct nearest *how, const value_t *read, value_t *written) {
    for (int sheet = 0; sheet < how->written[0]; sheet++) {
        for (int row = 0; row < how->written[1]; row++) {
            const int line = how->places[0][sheet] * how->read[1] + how->places[1][row];
            for (int column = 0; column < how->written[2]; column++, written += how->channels) {
                memcpy(written, read + (line * how->read[2] + how->places[2][column]) * how->channels,
                       (size_t)how->channels * sizeof(value_t));
            }
        }
    }
}
