/* Each value over the energy of its neighbouring channels (AlexNet, section 3.3). */
KERNEL void local_response_norm(int places, int channels, int size, float alpha, float beta, float k,
                                const value_t *read, value_t *written) {
    for (int place = 0; place < places; place++, read += channels, written += channels) {
        for (int channel = 0; channel < channels; channel++) {
            float energy = 0;
            for (int near = channel - size / 2; near < channel - size / 2 + size; near++) {
                energy += near >= 0 && near < channels ? read[near] * read[near] : 0;
            }
            written[channel] = read[channel] / powf(k + alpha / (float)size * energy, beta);
        }
    }
}
