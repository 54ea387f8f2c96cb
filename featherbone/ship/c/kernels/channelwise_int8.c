/* A convolution of each channel by itself, for vectors. For each row that is written the rows that it reads are laid
   byte beside byte: at each place, for each four rows of the kernel, for each channel four bytes. Then a column of the
   kernel is one product of four. Weights lie the same way: blocks of 16 channels, fours of rows, columns. */
struct channelwise {
    int read[2], channels, written[2]; /* height, width */
    int kernel[2], stride[2], dilation[2], before[2];
    int width;  /* edges included */
    int fours;  /* of rows of the kernel */
    int blocks; /* of 16 channels */
    value_t outside;
    const weight_t *weights;
    struct finish finish;
};

#if defined(__AVX512VNNI__) && defined(__AVX512BW__) && defined(__AVX512VL__)
/* 16 channels of four rows, byte beside byte. */
INLINE void lay_16(const value_t *const *rows, int at, value_t *laid) {
    const __m128i a = _mm_loadu_si128((const __m128i *)(const void *)(rows[0] + at));
    const __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(rows[1] + at));
    const __m128i c = _mm_loadu_si128((const __m128i *)(const void *)(rows[2] + at));
    const __m128i d = _mm_loadu_si128((const __m128i *)(const void *)(rows[3] + at));
    const __m128i low = _mm_unpacklo_epi8(a, b), high = _mm_unpackhi_epi8(a, b);
    const __m128i low_rest = _mm_unpacklo_epi8(c, d), high_rest = _mm_unpackhi_epi8(c, d);
    __m128i *to = (__m128i *)(void *)laid;
    _mm_storeu_si128(to, _mm_unpacklo_epi16(low, low_rest));
    _mm_storeu_si128(to + 1, _mm_unpackhi_epi16(low, low_rest));
    _mm_storeu_si128(to + 2, _mm_unpacklo_epi16(high, high_rest));
    _mm_storeu_si128(to + 3, _mm_unpackhi_epi16(high, high_rest));
}

/* 16 channels at some places of a row. */
INLINE void filter_16(const struct channelwise *layer, const value_t *laid, int block, int count, const value_t *joined,
                      value_t *written) {
    const int left = layer->channels - 16 * block, place_bytes = layer->fours * layer->blocks * 64;
    const __mmask16 some = (__mmask16)(left >= 16 ? 0xFFFF : (1 << left) - 1);
    const weight_t *weights = layer->weights + block * layer->fours * layer->kernel[1] * 64;
    const struct vector_finish by = vector_finish_of(&layer->finish, 16 * block, some);
    __m512i sums[8];
#pragma GCC unroll 8
    for (int place = 0; place < count; place++) {
        sums[place] = _mm512_maskz_loadu_epi32(some, layer->finish.bias + 16 * block);
    }
    for (int four = 0; four < layer->fours; four++) {
        for (int right = 0; right < layer->kernel[1]; right++, weights += 64) {
            const __m512i kernels = _mm512_loadu_si512(weights);
            const value_t *met = laid + right * layer->dilation[1] * place_bytes + (four * layer->blocks + block) * 64;
#pragma GCC unroll 8
            for (int place = 0; place < count; place++) {
                const __m512i values = _mm512_loadu_si512(met + place * layer->stride[1] * place_bytes);
                sums[place] = _mm512_dpbusd_epi32(sums[place], values, kernels);
            }
        }
    }
#pragma GCC unroll 8
    for (int place = 0; place < count; place++) {
        const int at = place * layer->channels + 16 * block;
        finish_16(&layer->finish, &by, sums[place], some, joined ? joined + at : NULL, written + at);
    }
}
#else
INLINE void lay_16(const value_t *const *rows, int at, value_t *laid) {
    for (int channel = 0; channel < 16; channel++) {
        for (int row = 0; row < 4; row++) {
            laid[4 * channel + row] = rows[row][at + channel];
        }
    }
}

INLINE void filter_16(const struct channelwise *layer, const value_t *laid, int block, int count, const value_t *joined,
                      value_t *written) {
    const int place_bytes = layer->fours * layer->blocks * 64;
    for (int place = 0; place < count; place++) {
        const weight_t *weights = layer->weights + block * layer->fours * layer->kernel[1] * 64;
        int32_t sums[16] = {0};
        for (int four = 0; four < layer->fours; four++) {
            for (int right = 0; right < layer->kernel[1]; right++, weights += 64) {
                const value_t *met = laid + (place * layer->stride[1] + right * layer->dilation[1]) * place_bytes +
                                     (four * layer->blocks + block) * 64;
                for (int lane = 0; lane < 16; lane++) {
                    for (int row = 0; row < 4; row++) {
                        sums[lane] += met[4 * lane + row] * weights[4 * lane + row];
                    }
                }
            }
        }
        for (int lane = 0; lane < 16 && 16 * block + lane < layer->channels; lane++) {
            const int channel = 16 * block + lane, at = place * layer->channels + channel;
            written[at] = finish(&layer->finish, sums[lane], channel, joined, at);
        }
    }
}
#endif

/* The rows that a row reads, laid byte beside byte; `edge` is as long as a row, and all outside. */
INLINE void lay_rows(const struct channelwise *layer, const value_t *read, int row, const value_t *edge, value_t *laid) {
    const int line = layer->read[1] * layer->channels;
    for (int four = 0; four < layer->fours; four++) {
        const value_t *rows[4];
        for (int each = 0; each < 4; each++) {
            const int down = 4 * four + each;
            const int y = row * layer->stride[0] + down * layer->dilation[0] - layer->before[0];
            rows[each] = down < layer->kernel[0] && y >= 0 && y < layer->read[0] ? read + y * line : edge;
        }
        for (int place = 0; place < layer->width; place++) {
            const int x = place - layer->before[1];
            value_t *to = laid + (place * layer->fours + four) * layer->blocks * 64;
            if (x < 0 || x >= layer->read[1]) {
                memset(to, layer->outside, (size_t)layer->blocks * 64);
                continue;
            }
            for (int block = 0; block < layer->blocks; block++) {
                lay_16(rows, x * layer->channels + 16 * block, to + 64 * block);
            }
        }
    }
}

KERNEL void channelwise(const struct channelwise *layer, const value_t *read, const value_t *joined, value_t *written,
                        value_t *room) {
    const int width = layer->written[1], line = layer->read[1] * layer->channels + 16;
    value_t *laid = room + (line + 63) / 64 * 64;
    memset(room, layer->outside, (size_t)line);
    for (int row = 0; row < layer->written[0]; row++) {
        lay_rows(layer, read, row, room, laid);
        for (int block = 0; block < layer->blocks; block++) {
            for (int place = 0; place < width; place += 8) {
                const value_t *from = laid + place * layer->stride[1] * layer->fours * layer->blocks * 64;
                const int at = (row * width + place) * layer->channels;
                const value_t *other = joined ? joined + at : NULL;
                if (place + 8 <= width) {
                    filter_16(layer, from, block, 8, other, written + at);
                } else {
                    filter_16(layer, from, block, width % 8, other, written + at);
                }
            }
        }
    }
}
