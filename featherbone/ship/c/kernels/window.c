/* Where a window of the map that is read begins and what it meets: sides are depth, height, width, and 1 where a map
   has fewer. */
struct window {
    int read[3], channels, written[3];
    int kernel[3], stride[3], dilation[3], before[3];
};

INLINE int place_read(const struct window *window, int axis, int place, int tap) {
    return place * window->stride[axis] + tap * window->dilation[axis] - window->before[axis];
}

INLINE int is_inside(const struct window *window, int axis, int place) {
    return place >= 0 && place < window->read[axis];
}
