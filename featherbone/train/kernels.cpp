// Batch norm and its activation in one pass, on rows of channels (channels_last).
//
// A row is a pixel: its C channels lie beside each other, so that every loop over channels is one over vector lanes and
// needs no reordering of sums. T is float, or the upper half of one (bfloat16); all sums are float32 within a block of
// rows and double across blocks, in an order that the number of threads alone decides.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

using bfloat16 = std::uint16_t;
constexpr std::int64_t BLOCK = 256;  // rows that are summed in float32

inline float up(float x) { return x; }
inline float up(bfloat16 x) {
  std::uint32_t bits = static_cast<std::uint32_t>(x) << 16;
  float y;
  std::memcpy(&y, &bits, 4);
  return y;
}
template <typename T> inline T down(float x);
template <> inline float down<float>(float x) { return x; }
template <> inline bfloat16 down<bfloat16>(float x) {  // to the nearest, ties to even; NaN stays NaN
  std::uint32_t bits;
  std::memcpy(&bits, &x, 4);
  const std::uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  return static_cast<bfloat16>(x == x ? rounded : 0x7fc0u);
}

template <typename Each>  // each(rows from, to, part): the parts are equal for equal numbers of threads
void in_parts(std::int64_t rows, int threads, Each each) {
#pragma omp parallel for num_threads(threads) schedule(static, 1)
  for (int part = 0; part < threads; ++part) each(rows * part / threads, rows * (part + 1) / threads, part);
}

void add_parts(const std::vector<double>& parts, int threads, std::int64_t width, double* sums) {
  for (std::int64_t i = 0; i < width; ++i) sums[i] = 0;
  for (int part = 0; part < threads; ++part)
    for (std::int64_t i = 0; i < width; ++i) sums[i] += parts[part * width + i];
}

template <typename T>
void norm_forward(const T* x, T* y, const float* weight, const float* bias, float* mean, float* variance, float* scale,
                  float* shift, std::int64_t rows, std::int64_t C, double epsilon, float low, float high, int threads) {
  std::vector<float> centre(C);  // of the first row: squares of what is left do not cancel
  for (std::int64_t c = 0; c < C; ++c) centre[c] = up(x[c]);
  std::vector<double> parts(2 * C * threads, 0.0), sums(2 * C);
  in_parts(rows, threads, [&](std::int64_t from, std::int64_t to, int part) {
    double* total = parts.data() + part * 2 * C;
    std::vector<float> block(2 * C);
    float *first = block.data(), *second = first + C;
    for (std::int64_t start = from; start < to; start += BLOCK) {
      std::fill(block.begin(), block.end(), 0.f);
      const std::int64_t end = start + BLOCK < to ? start + BLOCK : to;
      for (std::int64_t r = start; r < end; ++r) {
        const T* row = x + r * C;
        const float* k = centre.data();
#pragma omp simd
        for (std::int64_t c = 0; c < C; ++c) {
          const float v = up(row[c]) - k[c];
          first[c] += v;
          second[c] += v * v;
        }
      }
      for (std::int64_t c = 0; c < 2 * C; ++c) total[c] += block[c];
    }
  });
  add_parts(parts, threads, 2 * C, sums.data());
  for (std::int64_t c = 0; c < C; ++c) {
    const double m = sums[c] / rows, v = std::fmax(sums[C + c] / rows - m * m, 0.0);
    const double s = weight[c] / std::sqrt(v + epsilon);
    mean[c] = static_cast<float>(centre[c] + m);
    variance[c] = static_cast<float>(v);
    scale[c] = static_cast<float>(s);
    shift[c] = static_cast<float>(bias[c] - (centre[c] + m) * s);
  }
  in_parts(rows, threads, [&](std::int64_t from, std::int64_t to, int) {
    for (std::int64_t r = from; r < to; ++r) {
      const T* in = x + r * C;
      T* out = y + r * C;
#pragma omp simd
      for (std::int64_t c = 0; c < C; ++c) {
        float v = up(in[c]) * scale[c] + shift[c];
        v = v < low ? low : v;
        out[c] = down<T>(v > high ? high : v);
      }
    }
  });
}

template <typename T>
void norm_backward(const T* x, const T* g, T* dx, const float* mean, const float* variance, const float* scale,
                   const float* shift, float* dweight, float* dbias, std::int64_t rows, std::int64_t C, double epsilon,
                   float low, float high, int threads) {
  std::vector<double> parts(2 * C * threads, 0.0), sums(2 * C);
  in_parts(rows, threads, [&](std::int64_t from, std::int64_t to, int part) {
    double* total = parts.data() + part * 2 * C;
    std::vector<float> block(2 * C);
    float *first = block.data(), *second = first + C;
    for (std::int64_t start = from; start < to; start += BLOCK) {
      std::fill(block.begin(), block.end(), 0.f);
      const std::int64_t end = start + BLOCK < to ? start + BLOCK : to;
      for (std::int64_t r = start; r < end; ++r) {
        const T *row = x + r * C, *grad = g + r * C;
#pragma omp simd
        for (std::int64_t c = 0; c < C; ++c) {
          const float v = up(row[c]), y = v * scale[c] + shift[c];
          const float d = (y > low) & (y < high) ? up(grad[c]) : 0.f;
          first[c] += d;
          second[c] += d * (v - mean[c]);
        }
      }
      for (std::int64_t c = 0; c < 2 * C; ++c) total[c] += block[c];
    }
  });
  add_parts(parts, threads, 2 * C, sums.data());
  std::vector<float> offset(C), slope(C);  // dx = scale · d - offset - slope · (x - mean)
  for (std::int64_t c = 0; c < C; ++c) {
    const double inverse = 1 / std::sqrt(static_cast<double>(variance[c]) + epsilon);
    dbias[c] = static_cast<float>(sums[c]);
    dweight[c] = static_cast<float>(sums[C + c] * inverse);
    slope[c] = static_cast<float>(scale[c] * sums[C + c] * inverse * inverse / rows);
    offset[c] = static_cast<float>(scale[c] * sums[c] / rows - static_cast<double>(slope[c]) * mean[c]);
  }
  in_parts(rows, threads, [&](std::int64_t from, std::int64_t to, int) {
    for (std::int64_t r = from; r < to; ++r) {
      const T *row = x + r * C, *grad = g + r * C;
      T* out = dx + r * C;
#pragma omp simd
      for (std::int64_t c = 0; c < C; ++c) {
        const float v = up(row[c]), y = v * scale[c] + shift[c];
        const float d = (y > low) & (y < high) ? up(grad[c]) : 0.f;
        out[c] = down<T>(scale[c] * d - offset[c] - slope[c] * v);
      }
    }
  });
}

}  // namespace

#define KERNELS(NAME, T)                                                                                                 \
  extern "C" void norm_forward_##NAME(const T* x, T* y, const float* weight, const float* bias, float* mean,          \
                                      float* variance, float* scale, float* shift, std::int64_t rows, std::int64_t C, \
                                      double epsilon, float low, float high, int threads) {                           \
    norm_forward<T>(x, y, weight, bias, mean, variance, scale, shift, rows, C, epsilon, low, high, threads);          \
  }                                                                                                                   \
  extern "C" void norm_backward_##NAME(const T* x, const T* g, T* dx, const float* mean, const float* variance,       \
                                       const float* scale, const float* shift, float* dweight, float* dbias,          \
                                       std::int64_t rows, std::int64_t C, double epsilon, float low, float high,      \
                                       int threads) {                                                                 \
    norm_backward<T>(x, g, dx, mean, variance, scale, shift, dweight, dbias, rows, C, epsilon, low, high, threads);   \
  }

KERNELS(float32, float)
KERNELS(bfloat16, bfloat16)
