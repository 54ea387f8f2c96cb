// Squeeze-and-excitation on rows of channels (channels_last): the mean of each channel of an image, and back; and the
// map times the gates of its channels, what is added to it and the activation, in one pass.
#include <vector>

#include "activation.h"
#include "tile.h"

namespace {

struct Maps {  // images of so many pixels of C channels
  std::int64_t count, pixels, C;
};

// each(image, the tile's first row, the row behind the last) with what is repeated for it
template <typename Each> void for_images(const Maps& maps, int threads, Each each) {
  in_parts(maps.count, threads, [&](std::int64_t from, std::int64_t to, int) {
    for (std::int64_t n = from; n < to; ++n) each(n, n * maps.pixels, (n + 1) * maps.pixels);
  });
}

inline void fold(const Tile& tile, const float* sums, float* result, float factor) {
  for (std::int64_t c = 0; c < tile.C; ++c) {
    float sum = 0;
    for (std::int64_t row = 0; row < tile.rows; ++row) sum += sums[row * tile.C + c];
    result[c] = sum * factor;
  }
}

template <typename T> void squeeze(const T* x, float* mean, const Maps& maps, int threads) {
  const Tile tile(maps.C);
  for_images(maps, threads, [&](std::int64_t n, std::int64_t from, std::int64_t to) {
    std::vector<float> sums(tile.width);
    tile.over(from, to, [&](std::int64_t at, std::int64_t length) {
      by_lanes(length, [&](std::int64_t i, std::int64_t k) {
        store(sums.data() + i, load(sums.data() + i, k) + load(x + at + i, k), k);
      });
    });
    fold(tile, sums.data(), mean + n * maps.C, 1.f / maps.pixels);
  });
}

// g += the gradient of the means, shared by their pixels
template <typename T> void squeeze_back(T* g, const float* to_mean, const Maps& maps, int threads) {
  const Tile tile(maps.C);
  for_images(maps, threads, [&](std::int64_t n, std::int64_t from, std::int64_t to) {
    std::vector<float> shares = tile.repeated(to_mean + n * maps.C);
    for (float& share : shares) share /= maps.pixels;
    tile.over(from, to, [&](std::int64_t at, std::int64_t length) {
      by_lanes(length, [&](std::int64_t i, std::int64_t k) {
        store(g + at + i, load(g + at + i, k) + load(shares.data() + i, k), k);
      });
    });
  });
}

// y = act(x · gate + other); without `other` where it is null
template <typename T>
void excite(const T* x, const float* gate, const T* other, T* y, const Maps& maps, Activation act, int threads) {
  const Tile tile(maps.C);
  for_images(maps, threads, [&](std::int64_t n, std::int64_t from, std::int64_t to) {
    const std::vector<float> gates = tile.repeated(gate + n * maps.C);
    tile.over(from, to, [&](std::int64_t at, std::int64_t length) {
      const float* s = gates.data();
      if (other)
        by_lanes(length, [&](std::int64_t i, std::int64_t k) {
          store(y + at + i, act(load(x + at + i, k) * load(s + i, k) + load(other + at + i, k)), k);
        });
      else
        by_lanes(length, [&](std::int64_t i, std::int64_t k) {
          store(y + at + i, act(load(x + at + i, k) * load(s + i, k)), k);
        });
    });
  });
}

// `to_other` is null where nothing was added, and `other` with it.
template <typename T>
void excite_back(const T* g, const T* x, const float* gate, const T* other, T* to_x, float* to_gate, T* to_other,
                 const Maps& maps, Activation act, int threads) {
  const Tile tile(maps.C);
  for_images(maps, threads, [&](std::int64_t n, std::int64_t from, std::int64_t to) {
    const std::vector<float> gates = tile.repeated(gate + n * maps.C);
    std::vector<float> sums(tile.width);
    tile.over(from, to, [&](std::int64_t at, std::int64_t length) {
      const float* s = gates.data();
      const auto pass = [&](std::int64_t i, std::int64_t k, Lanes v, Lanes d) {
        store(to_x + at + i, d * load(s + i, k), k);
        store(sums.data() + i, load(sums.data() + i, k) + d * v, k);
      };
      if (other)
        by_lanes(length, [&](std::int64_t i, std::int64_t k) {
          const Lanes v = load(x + at + i, k);
          const Lanes d = act.back(v * load(s + i, k) + load(other + at + i, k), load(g + at + i, k));
          store(to_other + at + i, d, k);
          pass(i, k, v, d);
        });
      else
        by_lanes(length, [&](std::int64_t i, std::int64_t k) {
          const Lanes v = load(x + at + i, k);
          pass(i, k, v, act.back(v * load(s + i, k), load(g + at + i, k)));
        });
    });
    fold(tile, sums.data(), to_gate + n * maps.C, 1.f);
  });
}

}  // namespace

#define KERNELS(NAME, T)                                                                                              \
  extern "C" void squeeze_##NAME(const T* x, float* mean, const Maps* maps, int threads) {                            \
    squeeze<T>(x, mean, *maps, threads);                                                                              \
  }                                                                                                                   \
  extern "C" void squeeze_back_##NAME(T* g, const float* to_mean, const Maps* maps, int threads) {                    \
    squeeze_back<T>(g, to_mean, *maps, threads);                                                                      \
  }                                                                                                                   \
  extern "C" void excite_##NAME(const T* x, const float* gate, const T* other, T* y, const Maps* maps, float low,     \
                                float high, int swish, int threads) {                                                 \
    excite<T>(x, gate, other, y, *maps, Activation(low, high, swish), threads);                                       \
  }                                                                                                                   \
  extern "C" void excite_back_##NAME(const T* g, const T* x, const float* gate, const T* other, T* to_x,              \
                                     float* to_gate, T* to_other, const Maps* maps, float low, float high, int swish, \
                                     int threads) {                                                                   \
    excite_back<T>(g, x, gate, other, to_x, to_gate, to_other, *maps, Activation(low, high, swish), threads);         \
  }

KERNELS(float32, float)
KERNELS(bfloat16, bfloat16)
