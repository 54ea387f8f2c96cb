typedef float value_t;
typedef float weight_t;
typedef float sum_t;
#define LEAST (-INFINITY)

static inline value_t clipped(float value, float low, float high) {
    return value < low ? low : value > high ? high : value;
}

/* The ends of a sum of so many maps. */
struct add {
    int count, length;
    float low, high;
};

/* What a layer does with a sum: the bias, the ends, and where a map is joined, its sum with that map. */
struct finish {
    const float *bias;
    float low, high;
    const struct add *add;
};

static inline value_t finish(const struct finish *how, float sum, int channel, const value_t *joined, int at) {
    const float value = clipped(sum + how->bias[channel], how->low, how->high);
    return how->add ? clipped(value + joined[at], how->add->low, how->add->high) : value;
}
