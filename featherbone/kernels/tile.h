// Rows of channels (channels_last): a row is a pixel, its C channels lie beside each other. So many rows are taken at once
// that their numbers fill whole vectors; every factor of a channel is repeated as often.
#pragma once
#include <algorithm>
#include <numeric>
#include <vector>

#include "lanes.h"

constexpr std::int64_t SHORT = 256, LONG = 4096;  // numbers of a tile: no fewer, and no more unless one row has them

struct Tile {
  std::int64_t C, rows, width;
  explicit Tile(std::int64_t C) : C(C), rows(C * LANES <= LONG ? LANES / std::gcd(C, LANES) : 1) {
    while (C * rows < SHORT) rows *= 2;
    width = C * rows;
  }
  std::vector<float> repeated(const float* table) const {
    std::vector<float> result(width);
    for (std::int64_t i = 0; i < width; ++i) result[i] = table[i % C];
    return result;
  }
  // each(start of the numbers of a tile, how many), from row to row
  template <typename Each> void over(std::int64_t from, std::int64_t to, Each each) const {
    for (std::int64_t row = from; row < to; row += rows) each(row * C, std::min(rows, to - row) * C);
  }
};
