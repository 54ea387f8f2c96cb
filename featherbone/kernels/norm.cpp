// Batch norm, what is added to it and its activation in one pass, on rows of channels (channels_last).
//
// Sums are float32 within a block of rows and double across blocks, in an order that the number of threads alone decides.
#include <algorithm>
#include <cmath>
#include <vector>

#include "activation.h"
#include "tile.h"

namespace {

constexpr std::int64_t BLOCK = 64;  // tiles that are summed in float32

// Two sums for each channel: add(start, length, first, second) adds a tile's numbers to `width` sums of each.
template <typename Add>
std::vector<double> two_sums(const Tile& tile, std::int64_t rows, int threads, Add add) {
  const std::int64_t C = tile.C;
  std::vector<double> parts(2 * C * threads, 0.0), sums(2 * C, 0.0);
  in_parts(rows, threads, [&](std::int64_t from, std::int64_t to, int part) {
    double* total = parts.data() + part * 2 * C;
    std::vector<float> block(2 * tile.width);
    float *first = block.data(), *second = first + tile.width;
    for (std::int64_t start = from; start < to; start += BLOCK * tile.rows) {
      std::fill(block.begin(), block.end(), 0.f);
      tile.over(start, std::min(to, start + BLOCK * tile.rows),
                [&](std::int64_t at, std::int64_t length) { add(at, length, first, second); });
      for (std::int64_t row = 0; row < tile.rows; ++row)
        for (std::int64_t c = 0; c < C; ++c) {
          total[c] += first[row * C + c];
          total[C + c] += second[row * C + c];
        }
    }
  });
  for (int part = 0; part < threads; ++part)
    for (std::int64_t i = 0; i < 2 * C; ++i) sums[i] += parts[part * 2 * C + i];
  return sums;
}

// y = act(norm(x) + other); without `other` where it is null.
template <typename T>
void norm_forward(const T* x, const T* other, T* y, const float* weight, const float* bias, float* mean,
                  float* variance, float* scale, float* shift, std::int64_t rows, std::int64_t C, double epsilon,
                  Activation act, int threads) {
  const Tile tile(C);
  std::vector<float> first_row(C);  // squares of what is left without it do not cancel
  for (std::int64_t c = 0; c < C; ++c) first_row[c] = load(x + c, 1)[0];
  const std::vector<float> centre = tile.repeated(first_row.data());
  const auto sums = two_sums(tile, rows, threads, [&](std::int64_t at, std::int64_t length, float* a, float* b) {
    by_lanes(length, [&](std::int64_t i, std::int64_t n) {
      const Lanes v = load(x + at + i, n) - load(centre.data() + i, n);
      store(a + i, load(a + i, n) + v, n);
      store(b + i, load(b + i, n) + v * v, n);
    });
  });
  for (std::int64_t c = 0; c < C; ++c) {
    const double m = sums[c] / rows, v = std::fmax(sums[C + c] / rows - m * m, 0.0);
    const double s = weight[c] / std::sqrt(v + epsilon);
    mean[c] = static_cast<float>(first_row[c] + m);
    variance[c] = static_cast<float>(v);
    scale[c] = static_cast<float>(s);
    shift[c] = static_cast<float>(bias[c] - (first_row[c] + m) * s);
  }
  const std::vector<float> scales = tile.repeated(scale), shifts = tile.repeated(shift);
  in_parts(rows, threads, [&](std::int64_t from, std::int64_t to, int) {
    tile.over(from, to, [&](std::int64_t at, std::int64_t length) {
      const float *s = scales.data(), *t = shifts.data();
      if (other)
        by_lanes(length, [&](std::int64_t i, std::int64_t n) {
          store(y + at + i, act(load(x + at + i, n) * load(s + i, n) + load(t + i, n) + load(other + at + i, n)), n);
        });
      else
        by_lanes(length, [&](std::int64_t i, std::int64_t n) {
          store(y + at + i, act(load(x + at + i, n) * load(s + i, n) + load(t + i, n)), n);
        });
    });
  });
}

// Where something was added, `y` tells what was clamped, and `to_other` takes the gradient of what was added; both are
// null otherwise.
template <typename T>
void norm_backward(const T* x, const T* g, const T* y, T* to_other, T* to_x, const float* mean, const float* variance,
                   const float* scale, const float* shift, float* to_weight, float* to_bias, std::int64_t rows,
                   std::int64_t C, double epsilon, Activation act, int threads) {
  const Tile tile(C);
  const std::vector<float> means = tile.repeated(mean), scales = tile.repeated(scale), shifts = tile.repeated(shift);
  const float *m = means.data(), *s = scales.data(), *t = shifts.data();
  const auto sums = two_sums(tile, rows, threads, [&](std::int64_t at, std::int64_t length, float* a, float* b) {
    const auto add = [&](std::int64_t i, std::int64_t n, Lanes v, Lanes d) {
      store(a + i, load(a + i, n) + d, n);
      store(b + i, load(b + i, n) + d * (v - load(m + i, n)), n);
    };
    if (y)
      by_lanes(length, [&](std::int64_t i, std::int64_t n) {
        const Lanes d = act.back(load(y + at + i, n), load(g + at + i, n));
        store(to_other + at + i, d, n);
        add(i, n, load(x + at + i, n), d);
      });
    else
      by_lanes(length, [&](std::int64_t i, std::int64_t n) {
        const Lanes v = load(x + at + i, n);
        add(i, n, v, act.back(v * load(s + i, n) + load(t + i, n), load(g + at + i, n)));
      });
  });
  std::vector<float> offset(C), slope(C);  // dx = scale · d - offset - slope · x
  for (std::int64_t c = 0; c < C; ++c) {
    const double inverse = 1 / std::sqrt(static_cast<double>(variance[c]) + epsilon);
    to_bias[c] = static_cast<float>(sums[c]);
    to_weight[c] = static_cast<float>(sums[C + c] * inverse);
    slope[c] = static_cast<float>(scale[c] * sums[C + c] * inverse * inverse / rows);
    offset[c] = static_cast<float>(scale[c] * sums[c] / rows - static_cast<double>(slope[c]) * mean[c]);
  }
  const std::vector<float> offsets = tile.repeated(offset.data()), slopes = tile.repeated(slope.data());
  const float *o = offsets.data(), *p = slopes.data();
  in_parts(rows, threads, [&](std::int64_t from, std::int64_t to, int) {
    tile.over(from, to, [&](std::int64_t at, std::int64_t length) {
      if (y)
        by_lanes(length, [&](std::int64_t i, std::int64_t n) {
          const Lanes d = load(to_other + at + i, n), v = load(x + at + i, n);
          store(to_x + at + i, load(s + i, n) * d - load(o + i, n) - load(p + i, n) * v, n);
        });
      else
        by_lanes(length, [&](std::int64_t i, std::int64_t n) {
          const Lanes v = load(x + at + i, n), scaled = load(s + i, n);
          const Lanes d = act.back(v * scaled + load(t + i, n), load(g + at + i, n));
          store(to_x + at + i, scaled * d - load(o + i, n) - load(p + i, n) * v, n);
        });
    });
  });
}

}  // namespace

#define KERNELS(NAME, T)                                                                                              \
  extern "C" void norm_forward_##NAME(const T* x, const T* other, T* y, const float* weight, const float* bias,       \
                                      float* mean, float* variance, float* scale, float* shift, std::int64_t rows,    \
                                      std::int64_t C, double epsilon, float low, float high, int swish,               \
                                      int threads) {                                                                  \
    norm_forward<T>(x, other, y, weight, bias, mean, variance, scale, shift, rows, C, epsilon,                        \
                    Activation(low, high, swish), threads);                                                           \
  }                                                                                                                   \
  extern "C" void norm_backward_##NAME(const T* x, const T* g, const T* y, T* to_other, T* to_x, const float* mean,   \
                                       const float* variance, const float* scale, const float* shift,                 \
                                       float* to_weight, float* to_bias, std::int64_t rows, std::int64_t C,           \
                                       double epsilon, float low, float high, int swish, int threads) {               \
    norm_backward<T>(x, g, y, to_other, to_x, mean, variance, scale, shift, to_weight, to_bias, rows, C, epsilon,     \
                     Activation(low, high, swish), threads);                                                          \
  }

KERNELS(float32, float)
KERNELS(bfloat16, bfloat16)
