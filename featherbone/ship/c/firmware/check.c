/* Computes the answer for each image of a file of the host, and writes the answers, then what the first one took: bytes
   of stack, ticks of the clock, and ticks of 100,000 turns of two instructions. */
#include "board.h"
#include NETWORK_HEADER

static __attribute__((section(".bench"))) int8_t image[NETWORK_READS];
static __attribute__((section(".bench"))) int8_t answer[NETWORK_WRITES];

static int host_open(const char *name, uint32_t length, uint32_t mode) {
    const uint32_t arguments[3] = {(uint32_t)name, mode, length};
    return host_call(0x01, arguments);
}

static int host_moves(int call, int file, const void *data, uint32_t length) {
    const uint32_t arguments[3] = {(uint32_t)file, (uint32_t)data, length};
    return host_call(call, arguments) == 0;
}

int main(void) {
    const int images = host_open("images.bin", 10, 1), answers = host_open("answers.bin", 11, 5);
    uint64_t figures[3] = {0, 0, 0};
    if (images < 0 || answers < 0) {
        return 2;
    }
    clock_begin();
    const uint64_t before = clock_ticks();
    uint32_t turns = 100000;
    __asm__ volatile(".syntax unified\n1: subs %0, %0, #1\n bne 1b" : "+l"(turns) : : "cc");
    figures[2] = clock_ticks() - before;
    for (int count = 0; host_moves(0x06, images, image, sizeof image); count++) {
        if (count == 0) {
            stack_paint();
        }
        const uint64_t start = clock_ticks();
        NETWORK_RUN(image, answer);
        if (count == 0) {
            figures[1] = clock_ticks() - start;
            figures[0] = stack_used();
        }
        if (!host_moves(0x05, answers, answer, sizeof answer)) {
            return 3;
        }
    }
    return host_moves(0x05, answers, figures, sizeof figures) ? 0 : 3;
}
