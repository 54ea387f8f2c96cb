#include <arm_mve.h>

/* What kernels meet at two places, times two kernels, by vectors of 16 values. */
typedef value_t patch_t;
#define PATCH_LENGTH(length) (length)

INLINE void patch_copy(patch_t *patch, const value_t *read, int count) {
    for (int place = 0; place < count; place += 16) {
        const mve_pred16_t some = vctp8q((uint32_t)(count - place));
        vstrbq_p_s8(patch + place, vldrbq_z_s8(read + place, some), some);
    }
}

INLINE void patch_fill(patch_t *patch, value_t value, int count) {
    for (int place = 0; place < count; place += 16) {
        vstrbq_p_s8(patch + place, vdupq_n_s8(value), vctp8q((uint32_t)(count - place)));
    }
}

INLINE void dots(const patch_t *first, const patch_t *second, const weight_t *one, const weight_t *other, int length,
                 sum_t *sums) {
    sum_t a = 0, b = 0, c = 0, d = 0;
    for (int left = length / 16; left; left--) {
        const int8x16_t x = vldrbq_s8(first), y = vldrbq_s8(second), u = vldrbq_s8(one), v = vldrbq_s8(other);
        a = vmladavaq_s8(a, x, u);
        b = vmladavaq_s8(b, x, v);
        c = vmladavaq_s8(c, y, u);
        d = vmladavaq_s8(d, y, v);
        first += 16;
        second += 16;
        one += 16;
        other += 16;
    }
    if (length % 16) {
        const mve_pred16_t some = vctp8q((uint32_t)(length % 16));
        const int8x16_t x = vldrbq_z_s8(first, some), y = vldrbq_z_s8(second, some);
        const int8x16_t u = vldrbq_z_s8(one, some), v = vldrbq_z_s8(other, some);
        a = vmladavaq_s8(a, x, u);
        b = vmladavaq_s8(b, x, v);
        c = vmladavaq_s8(c, y, u);
        d = vmladavaq_s8(d, y, v);
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}
