/* A map at another size: for each side two places that are read for each that is written, and the weight of the second
   of `one`. */
struct bilinear {
    int read[3], written[3], channels;
    const uint16_t *first[3], *second[3];
    const share_t *weight[3];
    share_t one[3];
    struct blend blend;
};

KERNEL void bilinear(const struct bilinear *how, const value_t *read, value_t *written) {
    for (int sheet = 0; sheet < how->written[0]; sheet++) {
        for (int row = 0; row < how->written[1]; row++) {
            for (int column = 0; column < how->written[2]; column++) {
                for (int channel = 0; channel < how->channels; channel++) {
                    sum_t sum = 0;
                    for (int corner = 0; corner < 8; corner++) {
                        const int at[3] = {sheet, row, column};
                        int met = 0;
                        share_t weight = 1;
                        for (int axis = 0; axis < 3; axis++) {
                            const share_t part = how->weight[axis][at[axis]];
                            const int second = corner >> axis & 1;
                            weight *= second ? part : how->one[axis] - part;
                            met = met * how->read[axis] + (second ? how->second : how->first)[axis][at[axis]];
                        }
                        sum += (read[met * how->channels + channel] - how->blend.read_zero) * weight;
                    }
                    *written++ = blended(&how->blend, sum);
                }
            }
        }
    }
}
