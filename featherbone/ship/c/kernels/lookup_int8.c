/* Each value of some channels by a table of all 256; the map that is written may lie on the one that is read. */
KERNEL void lookup(int places, int count, const value_t *table, const value_t *read, int read_channels, value_t *written,
                   int written_channels) {
    for (int place = 0; place < places; place++) {
        for (int channel = 0; channel < count; channel++) {
            written[place * written_channels + channel] = table[read[place * read_channels + channel] - LEAST];
        }
    }
}
