/* A convolution for vectors. Weights lie in blocks of 16 kernels: for each run of values that lie side by side on the
   map, for each four of them, 16 times four weights. What lies behind a run is read as well, and has weights of
   zero. */
struct tiles {
    struct edges edges;
    int written[2], kernels, stride[2];
    int runs, fours, run_rows[2]; /* runs of so many fours; how far apart they are: rows, then columns */
    int columns;                  /* runs of a row */
    const weight_t *weights;
    struct finish finish;
};

INLINE int four_values(const value_t *from) {
    int found;
    memcpy(&found, from, 4);
    return found;
}

#if defined(__AVX512VNNI__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#include <immintrin.h>
#define TILE(blocks) (16 / (blocks)) /* places: as many sums as there are registers for */

/* 16 sums become values of the map that is written. */
struct vector_finish {
    __m512i multiplier, odd_multiplier, round, shift;
};

INLINE struct vector_finish vector_finish_of(const struct finish *how, int channel, __mmask16 some) {
    const __m512i multiplier = _mm512_maskz_loadu_epi32(some, how->multiplier + channel);
    const __m512i whole = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(some, how->shift + channel));
    const __m512i shift = _mm512_max_epi32(_mm512_sub_epi32(whole, _mm512_set1_epi32(32)), _mm512_set1_epi32(1));
    const __m512i half = _mm512_sllv_epi32(_mm512_set1_epi32(1), _mm512_sub_epi32(shift, _mm512_set1_epi32(1)));
    const __m512i zero = _mm512_sllv_epi32(_mm512_set1_epi32(how->zero), shift);
    return (struct vector_finish){multiplier, _mm512_srli_epi64(multiplier, 32), _mm512_add_epi32(half, zero), shift};
}

INLINE __m512i within(__m512i values, int low, int high) {
    if (high < 255) {
        values = _mm512_min_epi32(values, _mm512_set1_epi32(high));
    }
    return _mm512_max_epi32(values, _mm512_set1_epi32(low));
}

INLINE void finish_16(const struct finish *how, const struct vector_finish *by, __m512i sums, __mmask16 some,
                      const value_t *joined, value_t *written) {
    const __m512i even = _mm512_mul_epi32(sums, by->multiplier);
    const __m512i odd = _mm512_mul_epi32(_mm512_srli_epi64(sums, 32), by->odd_multiplier);
    const __m512i upper = _mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 32), odd);
    __m512i values = _mm512_srav_epi32(_mm512_add_epi32(upper, by->round), by->shift);
    values = within(values, how->low, how->high);
    if (how->add) {
        const struct add *add = how->add;
        const __m512i other = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(some, joined));
        values = _mm512_min_epi32(values, _mm512_set1_epi32(255));
        const int constant = (1 << (add->shift - 1)) - add->zeros[0] * add->multipliers[0] - add->zeros[1] * add->multipliers[1];
        values = _mm512_mullo_epi32(values, _mm512_set1_epi32(add->multipliers[0]));
        values = _mm512_add_epi32(values, _mm512_mullo_epi32(other, _mm512_set1_epi32(add->multipliers[1])));
        values = _mm512_srav_epi32(_mm512_add_epi32(values, _mm512_set1_epi32(constant)), _mm512_set1_epi32(add->shift));
        values = within(_mm512_add_epi32(values, _mm512_set1_epi32(add->zero)), add->low, add->high);
    }
    _mm512_mask_cvtusepi32_storeu_epi8(written, some, values);
}

/* Blocks of 16 kernels at rows × columns places. */
INLINE void tile(const struct tiles *layer, const value_t *from, int block, int blocks, int rows, int columns,
                 const value_t *joined, value_t *written) {
    __m512i sums[4][16];
    const int line = layer->edges.padded[1] * layer->edges.channels, places = rows * columns;
    const int of_block = layer->runs * layer->fours * 64;
    const weight_t *weights = layer->weights + block * of_block;
    const int left = layer->kernels - 16 * block;
#pragma GCC unroll 4
    for (int each = 0; each < blocks; each++) {
        const __mmask16 some = (__mmask16)(left - 16 * each >= 16 ? 0xFFFF : (1 << (left - 16 * each)) - 1);
        const __m512i bias = _mm512_maskz_loadu_epi32(some, layer->finish.bias + 16 * (block + each));
#pragma GCC unroll 16
        for (int place = 0; place < places; place++) {
            sums[each][place] = bias;
        }
    }
    for (int run = 0; run < layer->runs; run++) {
        const value_t *met = from + run / layer->columns * layer->run_rows[0] * line +
                             run % layer->columns * layer->run_rows[1] * layer->edges.channels;
        const weight_t *taken = weights + run * layer->fours * 64;
#pragma GCC unroll 1
        for (int four = 0; four < layer->fours; four++, met += 4, taken += 64) {
            __m512i kernels[4];
#pragma GCC unroll 4
            for (int each = 0; each < blocks; each++) {
                kernels[each] = _mm512_loadu_si512(taken + each * of_block);
            }
#pragma GCC unroll 16
            for (int place = 0; place < places; place++) {
                const int at = place / columns * layer->stride[0] * line + place % columns * layer->stride[1] * layer->edges.channels;
                const __m512i values = _mm512_set1_epi32(four_values(met + at));
#pragma GCC unroll 4
                for (int each = 0; each < blocks; each++) {
                    sums[each][place] = _mm512_dpbusd_epi32(sums[each][place], values, kernels[each]);
                }
            }
        }
    }
#pragma GCC unroll 4
    for (int each = 0; each < blocks; each++) {
        const __mmask16 some = (__mmask16)(left - 16 * each >= 16 ? 0xFFFF : (1 << (left - 16 * each)) - 1);
        const int channel = 16 * (block + each);
        const struct vector_finish by = vector_finish_of(&layer->finish, channel, some);
#pragma GCC unroll 16
        for (int place = 0; place < places; place++) {
            const int at = (place / columns * layer->written[1] + place % columns) * layer->kernels + channel;
            finish_16(&layer->finish, &by, sums[each][place], some, joined ? joined + at : NULL, written + at);
        }
    }
}
#elif defined(__AVX2__)
#include <immintrin.h>
#define TILE(blocks) 2

/* Blocks of 16 kernels at rows × columns places, of which there are two at most. */
INLINE void tile(const struct tiles *layer, const value_t *from, int block, int blocks, int rows, int columns,
                 const value_t *joined, value_t *written) {
    const int line = layer->edges.padded[1] * layer->edges.channels, places = rows * columns;
    for (int each = block; each < block + blocks; each++) {
        __m256i sums[2][4];
        const weight_t *taken = layer->weights + each * layer->runs * layer->fours * 64;
        for (int place = 0; place < places; place++) {
            for (int quarter = 0; quarter < 4; quarter++) {
                sums[place][quarter] = _mm256_setzero_si256();
            }
        }
        for (int run = 0; run < layer->runs; run++) {
            const value_t *met = from + run / layer->columns * layer->run_rows[0] * line +
                                 run % layer->columns * layer->run_rows[1] * layer->edges.channels;
            for (int four = 0; four < layer->fours; four++, met += 4, taken += 64) {
#pragma GCC unroll 2
                for (int place = 0; place < places; place++) {
                    const int at = place / columns * layer->stride[0] * line + place % columns * layer->stride[1] * layer->edges.channels;
                    const __m256i values = _mm256_cvtepu8_epi16(_mm_set1_epi32(four_values(met + at)));
#pragma GCC unroll 4
                    for (int quarter = 0; quarter < 4; quarter++) {
                        const __m128i packed = _mm_loadu_si128((const __m128i *)(const void *)(taken + 16 * quarter));
                        const __m256i products = _mm256_madd_epi16(values, _mm256_cvtepi8_epi16(packed));
                        sums[place][quarter] = _mm256_add_epi32(sums[place][quarter], products);
                    }
                }
            }
        }
        for (int place = 0; place < places; place++) {
            const int at = (place / columns * layer->written[1] + place % columns) * layer->kernels + 16 * each;
            int32_t halves[32];
            for (int quarter = 0; quarter < 4; quarter++) {
                _mm256_storeu_si256((__m256i *)(void *)(halves + 8 * quarter), sums[place][quarter]);
            }
            for (int lane = 0; lane < 16 && 16 * each + lane < layer->kernels; lane++) {
                const int32_t sum = halves[2 * lane] + halves[2 * lane + 1];
                written[at + lane] = finish(&layer->finish, sum, 16 * each + lane, joined, at + lane);
            }
        }
    }
}
#else
#define TILE(blocks) 1

INLINE void tile(const struct tiles *layer, const value_t *from, int block, int blocks, int rows, int columns,
                 const value_t *joined, value_t *written) {
    const int line = layer->edges.padded[1] * layer->edges.channels;
    (void)rows;
    (void)columns;
    for (int each = block; each < block + blocks; each++) {
        int32_t sums[16] = {0};
        const weight_t *taken = layer->weights + each * layer->runs * layer->fours * 64;
        for (int run = 0; run < layer->runs; run++) {
            const value_t *met = from + run / layer->columns * layer->run_rows[0] * line +
                                 run % layer->columns * layer->run_rows[1] * layer->edges.channels;
            for (int four = 0; four < layer->fours; four++, met += 4, taken += 64) {
                for (int lane = 0; lane < 16; lane++) {
                    for (int of_four = 0; of_four < 4; of_four++) {
                        sums[lane] += met[of_four] * taken[4 * lane + of_four];
                    }
                }
            }
        }
        for (int lane = 0; lane < 16 && 16 * each + lane < layer->kernels; lane++) {
            written[16 * each + lane] = finish(&layer->finish, sums[lane], 16 * each + lane, joined, 16 * each + lane);
        }
    }
}
#endif
