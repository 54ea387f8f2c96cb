/* How a sum over so many values becomes their mean. */
struct mean {
    float read_zero, low, high;
};

INLINE void means(const struct mean *mean, int count, int channels, const sum_t *sums, value_t *written) {
    for (int channel = 0; channel < channels; channel++) {
        written[channel] = clipped(sums[channel] / (float)count, mean->low, mean->high);
    }
}
