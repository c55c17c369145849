// What Node loads: a function that runs a kernel on the memory that it is bound to. No C library: everything that is called lies here or in Node.

#define NAPI_VERSION 8
#include <node_api.h>

#include "dispatch.h"

#if defined __x86_64__
#include <cpuid.h>

/** What the operating system keeps when it changes threads, as XGETBV says: bits of the AVX and the AVX-512 registers. */
enum { avxState = 0x6, avx512State = 0xe6 };

static const Kernel *chooseKernels(const char **instructions) {
  unsigned a, b, c, d, basicC, kept = 0;
  if (!__get_cpuid(1, &a, &b, &basicC, &d) || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return NULL;
  if (!(basicC & bit_OSXSAVE)) return NULL;
  __asm__("xgetbv" : "=a"(kept), "=d"(d) : "c"(0));
  if (!(basicC & bit_FMA) || !(b & bit_AVX2) || (kept & avxState) != avxState) return NULL;
  const unsigned wide = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
  if ((b & wide) == wide && (kept & avx512State) == avx512State) {
    *instructions = "AVX-512";
    return kernelsAvx512;
  }
  *instructions = "AVX2";
  return kernelsAvx2;
}
#else
static const Kernel *chooseKernels(const char **instructions) {
  *instructions = "NEON";
  return kernelsNeon;
}
#endif

static const Kernel *kernels;

/** (kernel, arguments, thread, threads), whole numbers as kernels/index.ts has them. */
static napi_value run(napi_env env, napi_callback_info info) {
  napi_value given[4];
  size_t count = 4;
  void *memory;
  int32_t numbers[4];
  napi_get_cb_info(env, info, &count, given, NULL, &memory);
  for (int i = 0; i < 4; i++)
    if (napi_get_value_int32(env, given[i], &numbers[i]) != napi_ok) return NULL;
  kernels[numbers[0]]((char *)memory + (uint32_t)numbers[1], (Call){memory, numbers[2], numbers[3]});
  return NULL;
}

/** Of a Uint8Array: `run` for the memory where it begins. */
static napi_value bind(napi_env env, napi_callback_info info) {
  napi_value bytes, result;
  size_t count = 1;
  void *memory;
  napi_get_cb_info(env, info, &count, &bytes, NULL, NULL);
  if (napi_get_typedarray_info(env, bytes, NULL, NULL, &memory, NULL, NULL) != napi_ok) return NULL;
  return napi_create_function(env, NULL, 0, run, memory, &result) == napi_ok ? result : NULL;
}

/** { table, instructions, bind }; without instructions where this processor has none that there are kernels for. */
NAPI_MODULE_INIT() {
  const char *instructions = NULL;
  napi_value value;
  kernels = chooseKernels(&instructions);
  napi_create_string_utf8(env, tableVersion, NAPI_AUTO_LENGTH, &value);
  napi_set_named_property(env, exports, "table", value);
  if (kernels) {
    napi_create_string_utf8(env, instructions, NAPI_AUTO_LENGTH, &value);
    napi_set_named_property(env, exports, "instructions", value);
  }
  napi_create_function(env, NULL, 0, bind, NULL, &value);
  napi_set_named_property(env, exports, "bind", value);
  return exports;
}

// What compilers call without being told to.

void *memset(void *to, int value, size_t count) {
  for (size_t i = 0; i < count; i++) ((volatile char *)to)[i] = value;
  return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
  for (size_t i = 0; i < count; i++) ((volatile char *)to)[i] = ((const char *)from)[i];
  return to;
}

#if defined _WIN32
int _fltused;
#endif
