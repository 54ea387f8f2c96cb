/* The product of two maps, either of which may be stretched: then its stride is 0. It may lie on one that is not. */
struct multiply {
    int sides[4], left[4], right[4]; /* depth, height, width, channels */
    float low, high;
};

KERNEL void multiply(const struct multiply *how, const value_t *left, const value_t *right, value_t *written) {
    for (int z = 0; z < how->sides[0]; z++) {
        for (int y = 0; y < how->sides[1]; y++) {
            for (int x = 0; x < how->sides[2]; x++) {
                const value_t *one = left + z * how->left[0] + y * how->left[1] + x * how->left[2];
                const value_t *other = right + z * how->right[0] + y * how->right[1] + x * how->right[2];
                for (int channel = 0; channel < how->sides[3]; channel++) {
                    const float product = one[channel * how->left[3]] * other[channel * how->right[3]];
                    *written++ = clipped(product, how->low, how->high);
                }
            }
        }
    }
}
