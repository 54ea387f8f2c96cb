/* Vectors of floating-point numbers, as long as the processor has them; blocks of 16 kernels are so many of them. */
#if defined(__AVX512F__)
#define LANES 16
#define TILE(blocks) (12 / (blocks) * 2)
#elif defined(__AVX__)
#define LANES 8
#define TILE(blocks) (6 / (blocks))
#else
#define LANES 4
#define TILE(blocks) (3 / (blocks))
#endif
#define PARTS (16 / LANES)
typedef float lanes_t __attribute__((vector_size(4 * LANES)));
typedef int32_t masks_t __attribute__((vector_size(4 * LANES)));

INLINE lanes_t lanes_at(const float *from) {
    lanes_t found;
    memcpy(&found, from, sizeof found);
    return found;
}

INLINE lanes_t clipped_lanes(lanes_t values, float low, float high) {
    const lanes_t lows = (lanes_t){0} + low, highs = (lanes_t){0} + high;
    const masks_t under = values < lows, over = values > highs;
    return (lanes_t)(((masks_t)values & ~(under | over)) | ((masks_t)lows & under) | ((masks_t)highs & over));
}

/* Sums of LANES channels become values of the map that is written. */
INLINE void finish_lanes(const struct finish *how, lanes_t sums, int channel, int channels, const value_t *joined,
                         value_t *written, int at) {
    if (channel + LANES <= channels) {
        lanes_t values = clipped_lanes(sums + lanes_at(how->bias + channel), how->low, how->high);
        if (how->add) {
            values = clipped_lanes(values + lanes_at(joined + at), how->add->low, how->add->high);
        }
        memcpy(written + at, &values, sizeof values);
        return;
    }
    float each[LANES];
    memcpy(each, &sums, sizeof each);
    for (int lane = 0; channel + lane < channels; lane++) {
        written[at + lane] = finish(how, each[lane], channel + lane, joined, at + lane);
    }
}
