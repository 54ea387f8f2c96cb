typedef int32_t share_t;

struct blend {
    int read_zero;
    int32_t multiplier;
    int shift, zero, low, high;
};

static inline value_t blended(const struct blend *blend, sum_t sum) {
    return clipped(rescaled(sum, blend->multiplier, blend->shift) + blend->zero, blend->low, blend->high);
}
