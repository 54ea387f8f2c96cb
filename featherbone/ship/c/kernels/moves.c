/* Some channels of each place, one after the other, to some of another map. */
KERNEL void copy_channels(int places, int count, const value_t *read, int read_channels, value_t *written,
                          int written_channels) {
    for (int place = 0; place < places; place++) {
        memcpy(written + place * written_channels, read + place * read_channels, (size_t)count * sizeof(value_t));
    }
}

/* One value to some channels of each place. */
KERNEL void fill_channels(int places, int count, value_t value, value_t *written, int written_channels) {
    for (int place = 0; place < places; place++) {
        for (int channel = 0; channel < count; channel++) {
            written[place * written_channels + channel] = value;
        }
    }
}

/* The channels of each place in another order. */
KERNEL void reorder_channels(int places, int channels, const uint16_t *order, const value_t *read, value_t *written) {
    for (int place = 0; place < places; place++) {
        for (int channel = 0; channel < channels; channel++) {
            written[place * channels + channel] = read[place * channels + order[channel]];
        }
    }
}

/* A map channel after channel, where it was place after place. */
KERNEL void channels_first(int places, int channels, const value_t *read, value_t *written) {
    for (int channel = 0; channel < channels; channel++) {
        for (int place = 0; place < places; place++) {
            written[channel * places + place] = read[place * channels + channel];
        }
    }
}
