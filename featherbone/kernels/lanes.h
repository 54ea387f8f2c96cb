// Sixteen numbers at a time, whatever the processor's vectors hold, of float32 or of its upper half (bfloat16).
#pragma once
#include <cstdint>
#include <cstring>
#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

using bfloat16 = std::uint16_t;
using Lanes = float __attribute__((vector_size(64)));
using Bits = std::uint32_t __attribute__((vector_size(64)));
using Halves = std::uint16_t __attribute__((vector_size(32)));
constexpr std::int64_t LANES = 16;

inline Lanes all(float x) { return Lanes{} + x; }

inline Lanes load(const float* from) {
  Lanes lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}

inline Lanes load(const bfloat16* from) {
  Halves halves;
  std::memcpy(&halves, from, sizeof halves);
  return (Lanes)(__builtin_convertvector(halves, Bits) << 16);
}

inline void store(float* to, Lanes lanes) { std::memcpy(to, &lanes, sizeof lanes); }

inline void store(bfloat16* to, Lanes lanes) {  // to the nearest, ties to even; NaN stays NaN
#ifdef __AVX512BF16__
  const auto halves = _mm512_cvtneps_pbh((__m512)lanes);
#else
  const Bits bits = (Bits)lanes, rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const Halves halves = __builtin_convertvector(lanes == lanes ? rounded : (Bits{} + 0x7fc0u), Halves);
#endif
  std::memcpy(to, &halves, sizeof(Halves));
}

// The first n of the lanes, where a row ends.
template <typename T> inline Lanes load(const T* from, std::int64_t n) {
  if (n == LANES) return load(from);
  T some[LANES] = {};
  std::memcpy(some, from, n * sizeof(T));
  return load(some);
}

template <typename T> inline void store(T* to, Lanes lanes, std::int64_t n) {
  if (n == LANES) return store(to, lanes);
  T some[LANES];
  store(some, lanes);
  std::memcpy(to, some, n * sizeof(T));
}

// each(first, how many) over a length.
template <typename Each> inline __attribute__((always_inline)) void by_lanes(std::int64_t length, Each each) {
  std::int64_t i = 0;
  for (; i + LANES <= length; i += LANES) each(i, LANES);
  if (i < length) each(i, length - i);
}

// each(from, to, part): the parts are equal for equal numbers of threads.
template <typename Each> void in_parts(std::int64_t count, int threads, Each each) {
#pragma omp parallel for num_threads(threads) schedule(static, 1)
  for (int part = 0; part < threads; ++part) each(count * part / threads, count * (part + 1) / threads, part);
}
