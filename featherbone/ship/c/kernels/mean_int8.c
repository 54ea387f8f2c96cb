/* How a sum over so many values becomes their mean: the counts that there are, and a factor for each. */
struct mean {
    int read_zero, kinds;
    const int32_t *counts, *multipliers;
    const uint8_t *shifts;
    int zero, low, high;
};

INLINE void means(const struct mean *mean, int count, int channels, const sum_t *sums, value_t *written) {
    int kind = 0;
    while (kind + 1 < mean->kinds && mean->counts[kind] != count) {
        kind++;
    }
    for (int channel = 0; channel < channels; channel++) {
        const int32_t moved = rescaled(sums[channel], mean->multipliers[kind], mean->shifts[kind]);
        written[channel] = clipped(moved + mean->zero, mean->low, mean->high);
    }
}
