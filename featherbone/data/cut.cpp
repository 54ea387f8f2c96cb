// Images of a batch, straight from the memory map to what a network takes: gathered, cut from a border, mirrored and
// normalised in one pass. To be compiled without contraction (a · b + c rounds twice), so that it equals torch's.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

using byte = std::uint8_t;

// `from`, and what is written to, have four bytes more than the line: of three channels, four bytes are moved at a time.
void reverse(const byte* from, byte* to, std::int64_t pixels, std::int64_t C) {
  if (C == 3) {
    for (std::int64_t i = 0; i < pixels; ++i) std::memcpy(to + 3 * i, from + 3 * (pixels - 1 - i), 4);
  } else if (C == 1) {
    std::reverse_copy(from, from + pixels, to);
  } else {
    for (std::int64_t i = 0; i < pixels; ++i) std::memcpy(to + C * i, from + C * (pixels - 1 - i), C);
  }
}

}  // namespace

// images (_, H, W, C); rows: which of them; crops (count, 3): top and left in the bordered image, and whether it is
// mirrored, or null; scale and shift: of a line, (W · C); out (count, H, W, C).
extern "C" void cut(const byte* images, const std::int64_t* rows, const std::int64_t* crops, const float* scale,
                    const float* shift, float* out, std::int64_t count, std::int64_t H, std::int64_t W, std::int64_t C,
                    std::int64_t border, int threads) {
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
  for (std::int64_t n = 0; n < count; ++n) {
    const byte* image = images + rows[n] * H * W * C;
    const std::int64_t top = crops ? crops[3 * n] - border : 0, left = crops ? crops[3 * n + 1] - border : 0;
    const bool mirrored = crops && crops[3 * n + 2];
    const std::int64_t first = std::min(W, std::max<std::int64_t>(0, left));  // of a line, what is taken
    const std::int64_t last = std::max(first, std::min(W, W + left));
    const std::int64_t begin = first == last ? 0 : mirrored ? W - last + left : first - left;  // where it goes
    const std::int64_t inside = (last - first) * C;
    std::vector<byte> line(W * C + 4), turned(W * C + 4);
    for (std::int64_t y = 0; y < H; ++y) {
      float* to = out + (n * H + y) * W * C;
      if (y + top < 0 || y + top >= H) {
        std::fill(to, to + W * C, 0.f);
        continue;
      }
      const byte* from = image + ((y + top) * W + first) * C;
      if (mirrored) {
        std::memcpy(line.data(), from, inside);
        reverse(line.data(), turned.data(), last - first, C);
        from = turned.data();
      }
      std::fill(to, to + begin * C, 0.f);
      float* middle = to + begin * C;
#pragma omp simd
      for (std::int64_t i = 0; i < inside; ++i) middle[i] = static_cast<float>(from[i]) * scale[i] + shift[i];
      std::fill(middle + inside, to + W * C, 0.f);
    }
  }
}
