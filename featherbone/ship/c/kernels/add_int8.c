/* The sum of maps; it may lie on any of them. */
KERNEL void add(const struct add *how, const value_t *const *terms, value_t *written) {
    for (int place = 0; place < how->length; place++) {
        int32_t total = 1 << (how->shift - 1);
        for (int term = 0; term < how->count; term++) {
            total += (terms[term][place] - how->zeros[term]) * how->multipliers[term];
        }
        written[place] = clipped((total >> how->shift) + how->zero, how->low, how->high);
    }
}
