// What follows a norm or an addition, and its gradient.
#pragma once
#include "lanes.h"

// Clamps to an interval, or with `swish` is hard_swish: v · clamp(v + 3, 0, 6) / 6.
struct Activation {
  Lanes low, high;
  bool swish;
  Activation(float low, float high, bool swish) : low(all(low)), high(all(high)), swish(swish) {}
  static Lanes between(Lanes v, Lanes low, Lanes high) {
    v = v < low ? low : v;
    return v > high ? high : v;
  }
  Lanes operator()(Lanes v) const {
    return swish ? v * between(v * all(1 / 6.f) + all(.5f), all(0), all(1)) : between(v, low, high);
  }
  // The gradient g of what came out of v, for v; where it clamps, what came out tells as much as v.
  Lanes back(Lanes v, Lanes g) const {
    const Lanes none = all(0);
    if (!swish) {
      g = v > low ? g : none;
      return v < high ? g : none;
    }
    const Lanes slope = v < all(3) ? v * all(1 / 3.f) + all(.5f) : all(1);
    return v > all(-3) ? g * slope : none;
  }
};
