// Channels of some feature maps, joined, shuffled and parted again, in one pass over rows of channels (channels_last).
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "lanes.h"

namespace {

// (groups, size) → (size, groups)
template <typename T> void shuffle_row(const T* from, T* to, std::int64_t groups, std::int64_t size) {
  if (groups == 2) {
#pragma omp simd
    for (std::int64_t i = 0; i < size; ++i) {
      to[2 * i] = from[i];
      to[2 * i + 1] = from[size + i];
    }
  } else if (size == 2) {
#pragma omp simd
    for (std::int64_t i = 0; i < groups; ++i) {
      to[i] = from[2 * i];
      to[groups + i] = from[2 * i + 1];
    }
  } else {
    for (std::int64_t i = 0; i < size; ++i)
      for (std::int64_t j = 0; j < groups; ++j) to[i * groups + j] = from[j * size + i];
  }
}

template <typename T>
void shuffle(const T* const* from, const std::int64_t* from_widths, std::int64_t froms, T* const* to,
             const std::int64_t* to_widths, std::int64_t tos, std::int64_t groups, std::int64_t rows, int threads) {
  std::int64_t C = 0;
  for (std::int64_t i = 0; i < froms; ++i) C += from_widths[i];
  in_parts(rows, threads, [&](std::int64_t first, std::int64_t last, int) {
    std::vector<T> joined(C), shuffled(C);
    for (std::int64_t row = first; row < last; ++row) {
      const T* source = joined.data();
      if (froms == 1) {
        source = from[0] + row * C;
      } else {
        T* at = joined.data();
        for (std::int64_t i = 0; i < froms; at += from_widths[i++])
          std::memcpy(at, from[i] + row * from_widths[i], from_widths[i] * sizeof(T));
      }
      if (tos == 1) {
        shuffle_row(source, to[0] + row * C, groups, C / groups);
        continue;
      }
      shuffle_row(source, shuffled.data(), groups, C / groups);
      const T* at = shuffled.data();
      for (std::int64_t i = 0; i < tos; at += to_widths[i++])
        std::memcpy(to[i] + row * to_widths[i], at, to_widths[i] * sizeof(T));
    }
  });
}

}  // namespace

#define KERNEL(NAME, T)                                                                                                \
  extern "C" void shuffle_##NAME(const T* const* from, const std::int64_t* from_widths, std::int64_t froms,           \
                                 T* const* to, const std::int64_t* to_widths, std::int64_t tos, std::int64_t groups,  \
                                 std::int64_t rows, int threads) {                                                    \
    shuffle<T>(from, from_widths, froms, to, to_widths, tos, groups, rows, threads);                                  \
  }

KERNEL(float32, std::uint32_t)
KERNEL(bfloat16, std::uint16_t)
