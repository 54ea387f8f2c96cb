typedef int8_t weight_t;
typedef int32_t sum_t;

/* A sum times multiplier / 2^shift, rounded once: to the nearest integer, upwards where two are as near. */
static inline int32_t rescaled(int32_t sum, int32_t multiplier, int shift) {
    if (shift > 32) { /* the lower word decides nothing */
        const int32_t upper = (int32_t)((int64_t)sum * multiplier >> 32);
        return (upper + ((int32_t)1 << (shift - 33))) >> (shift - 32);
    }
    return (int32_t)(((int64_t)sum * multiplier + ((int64_t)1 << (shift - 1))) >> shift);
}

static inline value_t clipped(int32_t value, int low, int high) {
    return (value_t)(value < low ? low : value > high ? high : value);
}

/* How maps are added: each less its zero and times its multiplier, then all over 2^shift. */
struct add {
    int count, length;
    int zeros[ADD_TERMS];
    int32_t multipliers[ADD_TERMS];
    int shift, zero, low, high;
};

/* What a layer does with a sum: the bias, which holds the zero of what is read; another step; the ends; and where a
   map is joined, its sum with that map. */
struct finish {
    const int32_t *bias, *multiplier;
    const uint8_t *shift;
    int zero, low, high;
    const struct add *add;
};

static inline value_t finish(const struct finish *how, int32_t sum, int channel, const value_t *joined, int at) {
    const int32_t moved = rescaled(sum + how->bias[channel], how->multiplier[channel], how->shift[channel]);
    const value_t value = clipped(moved + how->zero, how->low, how->high);
    const struct add *add = how->add;
    if (!add) {
        return value;
    }
    const int32_t total = (value - add->zeros[0]) * add->multipliers[0] + (joined[at] - add->zeros[1]) * add->multipliers[1];
    return clipped(((total + (1 << (add->shift - 1))) >> add->shift) + add->zero, add->low, add->high);
}
