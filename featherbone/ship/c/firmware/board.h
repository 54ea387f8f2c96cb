#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

int host_call(int number, const void *arguments);
void leave(int status);
void clock_begin(void);
uint64_t clock_ticks(void);
void stack_paint(void);
uint32_t stack_used(void);

#endif
