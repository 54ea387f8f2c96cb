// Gradients of depthwise convolutions on rows of channels (channels_last), all channels of a pixel beside each other.
//
// To the input, with a stride: a pixel takes the few taps that met it. To the weights: sixteen channels at a time, some
// lines of the map and of the gradient are laid out as float32 with zeros around them, so that the sums of a line of
// taps stay in registers and no edge is asked for.
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

constexpr std::int64_t BAND = 8;  // lines of the gradient that are laid out together: they stay in the cache

// The sums of L taps of a line over one line of the gradient.
template <int L> void line_of_taps(const float* map, const float* g, float* sums, std::int64_t Q, std::int64_t right) {
  Lanes sum[L];
  for (int l = 0; l < L; ++l) sum[l] = load(sums + l * LANES);
  for (std::int64_t q = 0; q < Q; ++q, g += LANES, map += right * LANES) {
    const Lanes here = load(g);
    for (int l = 0; l < L; ++l) sum[l] += here * load(map + l * LANES);
  }
  for (int l = 0; l < L; ++l) store(sums + l * LANES, sum[l]);
}

// All taps of a line, as many at a time as registers hold.
inline void taps_of(std::int64_t L, const float* map, const float* g, float* sums, std::int64_t Q, std::int64_t right) {
  while (L > 0) {
    const std::int64_t some = L >= 7 ? 7 : L >= 5 ? 5 : L >= 3 ? 3 : 1;
    const auto add = some == 7   ? line_of_taps<7>
                     : some == 5 ? line_of_taps<5>
                     : some == 3 ? line_of_taps<3>
                                 : line_of_taps<1>;
    add(map, g, sums, Q, right);
    map += some * LANES, sums += some * LANES, L -= some;
  }
}

// Lay out some channels of a line, ``start`` being the first of them.
template <typename T>
void lay_out(const T* line, float* to, std::int64_t pixels, std::int64_t C, std::int64_t start) {
  const std::int64_t lanes = std::min(LANES, C - start);
  for (std::int64_t z = 0; z < pixels; ++z) store(to + z * LANES, load(line + z * C + start, lanes));
}

// result (threads, K, L, C rounded up to LANES), float32: a sum for each part of the images
template <typename T> void to_weight(const T* g, const T* x, float* result, const Shape& s, int threads) {
  const std::int64_t rounded = (s.C + LANES - 1) / LANES * LANES, taps = s.K * s.L;
  const std::int64_t width = std::max((s.Q - 1) * s.right + s.L, s.W + s.left), rows = (BAND - 1) * s.down + s.K;
  in_parts(s.N, threads, [&](std::int64_t from, std::int64_t to, int part) {
    std::vector<float> map(rows * width * LANES), gradient(BAND * s.Q * LANES), sums(rounded * taps);
    const auto add_band = [&](std::int64_t n, std::int64_t first, std::int64_t start) {
      const std::int64_t band = std::min(BAND, s.P - first);
      for (std::int64_t p = 0; p < band; ++p)
        lay_out(g + (n * s.P + first + p) * s.Q * s.C, gradient.data() + p * s.Q * LANES, s.Q, s.C, start);
      for (std::int64_t row = 0; row < (band - 1) * s.down + s.K; ++row) {
        const std::int64_t y = first * s.down + row - s.top;
        float* line = map.data() + row * width * LANES;
        if (y < 0 || y >= s.H)
          std::fill_n(line, width * LANES, 0.f);
        else
          lay_out(x + (n * s.H + y) * s.W * s.C, line + s.left * LANES, s.W, s.C, start);
      }
      for (std::int64_t p = 0; p < band; ++p)
        for (std::int64_t k = 0; k < s.K; ++k)
          taps_of(s.L, map.data() + (p * s.down + k) * width * LANES, gradient.data() + p * s.Q * LANES,
                  sums.data() + (start * s.K + k * LANES) * s.L, s.Q, s.right);
    };
    for (std::int64_t n = from; n < to; ++n)
      for (std::int64_t first = 0; first < s.P; first += BAND)
        for (std::int64_t start = 0; start < s.C; start += LANES) add_band(n, first, start);
    for (std::int64_t start = 0; start < s.C; start += LANES)
      for (std::int64_t tap = 0; tap < taps; ++tap)
        std::copy_n(sums.data() + start * taps + tap * LANES, LANES, result + (part * taps + tap) * rounded + start);
  });
}

}  // namespace

#define KERNEL(NAME, T)                                                                                                \
  extern "C" void depthwise_to_input_##NAME(const T* g, const float* weight, T* result, const std::int64_t* shape,    \
                                            int threads) {                                                            \
    to_input<T>(g, weight, result, *reinterpret_cast<const Shape*>(shape), threads);                                  \
  }                                                                                                                   \
  extern "C" void depthwise_to_weight_##NAME(const T* g, const T* x, float* result, const std::int64_t* shape,        \
                                             int threads) {                                                           \
    to_weight<T>(g, x, result, *reinterpret_cast<const Shape*>(shape), threads);                                      \
  }

KERNEL(float32, float)
KERNEL(bfloat16, bfloat16)
