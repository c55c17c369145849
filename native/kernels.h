// What kernels in C have in common. They do what those of kernels/ do: the same arguments, weights packed in the same way, the same sums in the same
// order, so that any step of a program can be done by either.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table.generated.h"

/** WebAssembly's memory; addresses in arguments are bytes from here. */
typedef char *Memory;

/** Where the kernel stands that is called: its thread's number, and of how many. */
typedef struct {
  Memory memory;
  int32_t thread, threads;
} Call;

static inline float *floatsAt(Memory memory, uint32_t address) { return (float *)(memory + address); }

static inline int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }
static inline int32_t most(int32_t a, int32_t b) { return a > b ? a : b; }
