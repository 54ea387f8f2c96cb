/* Blocks at all places, in tiles of rows × columns. */
INLINE void tiled_blocks(const struct tiles *layer, const value_t *read, int block, int blocks, const value_t *joined,
                         value_t *written) {
    const int height = layer->written[0], width = layer->written[1];
    const int columns = width < TILE(blocks) ? width : TILE(blocks);
    const int rows = TILE(blocks) / columns < height ? TILE(blocks) / columns : height;
    const int line = layer->edges.padded[1] * layer->edges.channels;
    for (int row = 0; row < height; row += rows) {
        for (int column = 0; column < width; column += columns) {
            const value_t *from =
                read + row * layer->stride[0] * line + column * layer->stride[1] * layer->edges.channels;
            const int at = (row * width + column) * layer->kernels;
            const value_t *other = joined ? joined + at : NULL;
            if (row + rows <= height && column + columns <= width) {
                tile(layer, from, block, blocks, rows, columns, other, written + at);
            } else if (row + rows <= height) {
                tile(layer, from, block, blocks, rows, width % columns, other, written + at);
            } else if (column + columns <= width) {
                tile(layer, from, block, blocks, height % rows, columns, other, written + at);
            } else {
                tile(layer, from, block, blocks, height % rows, width % columns, other, written + at);
            }
        }
    }
}

KERNEL void tiles(const struct tiles *layer, const value_t *read, const value_t *joined, value_t *written,
                  value_t *room) {
    const int blocks = (layer->kernels + 15) / 16;
    const value_t *from = with_edges(&layer->edges, read, room);
    for (int block = 0; block + 2 <= blocks; block += 2) {
        tiled_blocks(layer, from, block, 2, joined, written);
    }
    if (blocks % 2) {
        tiled_blocks(layer, from, blocks - 1, 1, joined, written);
    }
}
