typedef float share_t;

struct blend {
    float read_zero, low, high;
};

static inline value_t blended(const struct blend *blend, sum_t sum) {
    return clipped(sum, blend->low, blend->high);
}
