/* The sum of maps; it may lie on any of them. */
KERNEL void add(const struct add *how, const value_t *const *terms, value_t *written) {
    for (int place = 0; place < how->length; place++) {
        float total = 0;
        for (int term = 0; term < how->count; term++) {
            total += terms[term][place];
        }
        written[place] = clipped(total, how->low, how->high);
    }
}
