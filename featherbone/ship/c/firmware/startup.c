/* What a Cortex-M begins with: the stack, memory as C expects it, the program, and out through the debugger. */
#include "board.h"

#include <string.h>

extern uint32_t data_begin[], data_end[], data_stored[], bss_begin[], bss_end[], stack_end[];
static volatile uint32_t wraps;

int main(void);

int host_call(int number, const void *arguments) {
    register int r0 __asm__("r0") = number;
    register const void *r1 __asm__("r1") = arguments;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void leave(int status) {
    const uint32_t arguments[2] = {0x20026, (uint32_t)status}; /* the application has ended */
    host_call(0x20, arguments);
    for (;;) {
    }
}

static void reset(void) {
#if defined(__ARM_FEATURE_MVE) || defined(__ARM_FP)
    *(volatile uint32_t *)0xE000ED88 |= 0xF << 20; /* vectors and floating-point numbers may be used */
    __asm__ volatile("dsb\n isb");
#endif
    memcpy(data_begin, data_stored, (size_t)((char *)data_end - (char *)data_begin));
    memset(bss_begin, 0, (size_t)((char *)bss_end - (char *)bss_begin));
    leave(main());
}

static void fault(void) {
    leave(99);
}

static void tick(void) {
    wraps++;
}

#define SYSTICK ((volatile uint32_t *)0xE000E010)
#define MOST 0xFFFFFF

void clock_begin(void) {
    SYSTICK[1] = MOST;
    SYSTICK[2] = 0;
    SYSTICK[0] = 7;
    while (SYSTICK[2] == 0) {
    }
    wraps = 0;
}

uint64_t clock_ticks(void) {
    const uint32_t left = SYSTICK[2];
    return (uint64_t)wraps * (MOST + 1) + (MOST - left);
}

/* How many bytes of the stack were ever used, of those that `stack_paint` painted. */
#define PAINT 0xA5A5A5A5

void stack_paint(void) {
    const uint32_t *below = (const uint32_t *)__builtin_frame_address(0) - 32;
    for (volatile uint32_t *word = bss_end; word < below; word++) {
        *word = PAINT;
    }
}

uint32_t stack_used(void) {
    const uint32_t *word = bss_end;
    while (word < stack_end && *word == PAINT) {
        word++;
    }
    return (uint32_t)((const char *)stack_end - (const char *)word);
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    stack_end, (const void *)reset, (const void *)fault, (const void *)fault, (const void *)fault, (const void *)fault,
    (const void *)fault, 0, 0, 0, 0, (const void *)fault, (const void *)fault, 0, (const void *)fault, (const void *)tick,
};
