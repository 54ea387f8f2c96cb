/* What kernels meet at two places, times two kernels. */
typedef value_t patch_t;
#define PATCH_LENGTH(length) (length)

INLINE void patch_copy(patch_t *patch, const value_t *read, int count) {
    memcpy(patch, read, (size_t)count * sizeof(value_t));
}

INLINE void patch_fill(patch_t *patch, value_t value, int count) {
    for (int place = 0; place < count; place++) {
        patch[place] = value;
    }
}

INLINE void dots(const patch_t *first, const patch_t *second, const weight_t *one, const weight_t *other, int length,
                 sum_t *sums) {
    sum_t a = 0, b = 0, c = 0, d = 0;
    for (int place = 0; place < length; place++) {
        a += (sum_t)first[place] * one[place];
        b += (sum_t)first[place] * other[place];
        c += (sum_t)second[place] * one[place];
        d += (sum_t)second[place] * other[place];
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}
