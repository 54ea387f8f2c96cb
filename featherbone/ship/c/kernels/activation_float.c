/* Activations, value by value; the map that is written may lie on the one that is read. */
static inline float elu(float x) { return x > 0 ? x : expm1f(x); }
static inline float gelu(float x) { return 0.5F * x * (1 + erff(x * 0.70710678F)); }
static inline float hard_sigmoid(float x) { return clipped(x + 3, 0, 6) / 6; }
static inline float hard_swish(float x) { return x * hard_sigmoid(x); }
static inline float leaky_relu(float x) { return x > 0 ? x : 0.01F * x; }
static inline float mish(float x) { return x * tanhf(x > 20 ? x : log1pf(expf(x))); }
static inline float relu(float x) { return x > 0 ? x : 0; }
static inline float relu6(float x) { return clipped(x, 0, 6); }
static inline float sigmoid(float x) { return 1 / (1 + expf(-x)); }
static inline float silu(float x) { return x * sigmoid(x); }

KERNEL void activation(int length, float (*function)(float), const value_t *read, value_t *written) {
    for (int place = 0; place < length; place++) {
        written[place] = function(read[place]);
    }
}
