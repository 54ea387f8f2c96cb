/* A map with edges around it: height and width. */
struct edges {
    int read[2], channels, padded[2], before[2];
    int whole;   /* there are none */
    int outside; /* each byte of a value outside of the map */
};

/* The map with its edges, for which there is `room`; the map itself where it has none. */
KERNEL const value_t *with_edges(const struct edges *edges, const value_t *read, value_t *room) {
    if (edges->whole) {
        return read;
    }
    const int line = edges->padded[1] * edges->channels, inner = edges->read[1] * edges->channels;
    const int left = edges->before[1] * edges->channels;
    const int copied = inner < line - left ? inner : line - left;
    for (int row = 0; row < edges->padded[0]; row++) {
        value_t *to = room + row * line;
        const int y = row - edges->before[0];
        if (y < 0 || y >= edges->read[0]) {
            memset(to, edges->outside, (size_t)line * sizeof(value_t));
            continue;
        }
        memset(to, edges->outside, (size_t)left * sizeof(value_t));
        memcpy(to + left, read + y * inner, (size_t)copied * sizeof(value_t));
        memset(to + left + copied, edges->outside, (size_t)(line - left - copied) * sizeof(value_t));
    }
    return room;
}
