// The gradient to the input of a depthwise convolution with a stride, on rows of channels (channels_last): a pixel takes
// the few taps that met it, all channels of each beside each other.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "lanes.h"

namespace {

struct Shape {  // input (N, H, W, C), output (N, P, Q, C), kernel (K, L)
  std::int64_t N, H, W, C, P, Q, K, L, down, right, top, left;
};

template <typename T> struct Tap {
  const T* map;        // a pixel that meets this one
  std::int64_t place;  // where of the kernel they meet, times C
};

// weight (K, L, C), float32
template <typename T>
void to_input(const T* g, const float* weight, T* result, const Shape& s, int threads) {
  in_parts(s.N * s.H, threads, [&](std::int64_t from, std::int64_t to, int) {
    std::vector<Tap<T>> taps(s.K * s.L);
    for (std::int64_t line = from; line < to; ++line) {
      const std::int64_t n = line / s.H, y = line % s.H;
      for (std::int64_t z = 0; z < s.W; ++z) {
        std::int64_t count = 0;
        for (std::int64_t k = (y + s.top) % s.down; k < s.K; k += s.down) {
          const std::int64_t p = (y + s.top - k) / s.down;
          if (y + s.top < k || p >= s.P) continue;
          for (std::int64_t l = (z + s.left) % s.right; l < s.L; l += s.right) {
            const std::int64_t q = (z + s.left - l) / s.right;
            if (z + s.left >= l && q < s.Q) taps[count++] = {g + ((n * s.P + p) * s.Q + q) * s.C, (k * s.L + l) * s.C};
          }
        }
        T* pixel = result + (line * s.W + z) * s.C;
        const std::int64_t lanes = std::min(LANES, s.C);
        for (std::int64_t start = 0; start < s.C; start += LANES) {
          const std::int64_t i = std::min(start, s.C - lanes);  // the last lanes overlap those before
          Lanes sum = all(0.f);
          for (std::int64_t t = 0; t < count; ++t)
            sum += load(taps[t].map + i, lanes) * load(weight + taps[t].place + i, lanes);
          store(pixel + i, sum, lanes);
        }
      }
    }
  });
}

}  // namespace

#define KERNEL(NAME, T)                                                                                                \
  extern "C" void depthwise_to_input_##NAME(const T* g, const float* weight, T* result, const std::int64_t* shape,    \
                                            int threads) {                                                            \
    to_input<T>(g, weight, result, *reinterpret_cast<const Shape*>(shape), threads);                                  \
  }

KERNEL(float32, float)
KERNEL(bfloat16, bfloat16)
