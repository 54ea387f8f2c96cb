#include <arm_acle.h>

/* What kernels meet at two places, times two kernels, by instructions that multiply two pairs of 16 bits. Of four
   values the middle ones change places, as the weights do when a word of them is spread. */
typedef int16_t patch_t;
#define PATCH_LENGTH(length) (((length) + 3) / 4 * 4)

INLINE uint32_t turned(uint32_t word) {
    return word >> 8 | word << 24;
}

INLINE patch_t *patch_place(patch_t *patch) {
    const uintptr_t at = (uintptr_t)patch / sizeof(patch_t) % 4;
    return at == 1 ? patch + 1 : at == 2 ? patch - 1 : patch;
}

INLINE void patch_copy(patch_t *patch, const value_t *read, int count) {
    if ((uintptr_t)patch % 8 == 0 && count % 4 == 0) {
        uint32_t *pairs = (uint32_t *)(void *)patch;
        for (int place = 0; place < count; place += 4, pairs += 2) {
            uint32_t word;
            memcpy(&word, read + place, 4);
            pairs[0] = (uint32_t)__sxtb16((int8x4_t)word);
            pairs[1] = (uint32_t)__sxtb16((int8x4_t)turned(word));
        }
        return;
    }
    for (int place = 0; place < count; place++) {
        *patch_place(patch + place) = read[place];
    }
}

INLINE void patch_fill(patch_t *patch, value_t value, int count) {
    for (int place = 0; place < count; place++) {
        *patch_place(patch + place) = value;
    }
}

/* Four products of four values each. Written out, as compilers run out of the 14 registers. */
#define FOUR_BY_FOUR                                                                                                   \
    "ldr %[u], [%[one]], #4\n"                                                                                         \
    "ldr %[v], [%[other]], #4\n"                                                                                       \
    "ldr %[x], [%[first]], #4\n"                                                                                       \
    "ldr %[y], [%[second]], #4\n"                                                                                      \
    "sxtb16 %[t], %[u]\n"                                                                                              \
    "smlad %[a], %[x], %[t], %[a]\n"                                                                                   \
    "smlad %[c], %[y], %[t], %[c]\n"                                                                                   \
    "sxtb16 %[t], %[v]\n"                                                                                              \
    "smlad %[b], %[x], %[t], %[b]\n"                                                                                   \
    "smlad %[d], %[y], %[t], %[d]\n"                                                                                   \
    "ldr %[x], [%[first]], #4\n"                                                                                       \
    "ldr %[y], [%[second]], #4\n"                                                                                      \
    "sxtb16 %[u], %[u], ror #8\n"                                                                                      \
    "smlad %[a], %[x], %[u], %[a]\n"                                                                                   \
    "smlad %[c], %[y], %[u], %[c]\n"                                                                                   \
    "sxtb16 %[v], %[v], ror #8\n"                                                                                      \
    "smlad %[b], %[x], %[v], %[b]\n"                                                                                   \
    "smlad %[d], %[y], %[v], %[d]\n"

static __attribute__((noinline)) void dots(const patch_t *first, const patch_t *second, const weight_t *one,
                                           const weight_t *other, int length, sum_t *sums) {
    sum_t a = 0, b = 0, c = 0, d = 0;
    int32_t u, v, x, y, t;
    if (length & 4) {
        __asm__(FOUR_BY_FOUR
                : [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [first] "+r"(first), [second] "+r"(second),
                  [one] "+r"(one), [other] "+r"(other), [u] "=&r"(u), [v] "=&r"(v), [x] "=&r"(x), [y] "=&r"(y),
                  [t] "=&r"(t)
                :
                : "memory");
    }
    for (int left = length / 8; left; left--) {
        __asm__(FOUR_BY_FOUR FOUR_BY_FOUR
                : [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [first] "+r"(first), [second] "+r"(second),
                  [one] "+r"(one), [other] "+r"(other), [u] "=&r"(u), [v] "=&r"(v), [x] "=&r"(x), [y] "=&r"(y),
                  [t] "=&r"(t)
                :
                : "memory");
    }
        for (int place = 0; place < length % 4; place++) {
        const int at = place == 1 ? 2 : place == 2 ? 1 : place;
        a += first[at] * one[place];
        b += first[at] * other[place];
        c += second[at] * one[place];
        d += second[at] * other[place];
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}
