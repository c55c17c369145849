// What Node loads: a function that runs a kernel on the memory that it is bound to. No C library: everything that is called lies here or in Node.

#define NAPI_VERSION 8
#include <node_api.h>

#include "called.h"
#include "dispatch.h"

/** (kernel, arguments, thread, threads), whole numbers as kernels/index.ts has them. */
static napi_value run(napi_env env, napi_callback_info info, const Kernel *kernels) {
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
  void *memory, *own;
  napi_get_cb_info(env, info, &count, &bytes, NULL, &own);
  if (napi_get_typedarray_info(env, bytes, NULL, NULL, &memory, NULL, NULL) != napi_ok) return NULL;
  return napi_create_function(env, NULL, 0, (napi_callback)own, memory, &result) == napi_ok ? result : NULL;
}

static void offer(napi_env env, napi_value sets, const char *instructions, napi_callback own) {
  napi_value function;
  napi_create_function(env, NULL, 0, bind, (void *)own, &function);
  napi_set_named_property(env, sets, instructions, function);
}

#if defined __x86_64__
#include <cpuid.h>

static napi_value runAvx2(napi_env env, napi_callback_info info) { return run(env, info, kernelsAvx2); }
static napi_value runAvxVnni(napi_env env, napi_callback_info info) { return run(env, info, kernelsAvxVnni); }
static napi_value runAvx512(napi_env env, napi_callback_info info) { return run(env, info, kernelsAvx512); }

/** What the operating system keeps when it changes threads, as XGETBV says: bits of the AVX and the AVX-512 registers. */
enum { avxState = 0x6, avx512State = 0xe6 };

/** Of EAX of leaf 7, subleaf 1. */
enum { avxVnni = 1 << 4 };

/** Of those that all sets of instructions have. */
#define ANY_KERNELS kernelsAvx2

static void offerAll(napi_env env, napi_value sets) {
  unsigned a, b, c, d, basic, kept;
  if (!__get_cpuid(1, &a, &b, &basic, &d) || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return;
  if (!(basic & bit_OSXSAVE)) return;
  __asm__("xgetbv" : "=a"(kept), "=d"(d) : "c"(0));
  if (!(basic & bit_FMA) || !(b & bit_AVX2) || (kept & avxState) != avxState) return;
  const unsigned wide = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
  if ((b & wide) == wide && (c & bit_AVX512VNNI) && (kept & avx512State) == avx512State) offer(env, sets, "AVX-512", runAvx512);
  if (__get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & avxVnni)) offer(env, sets, "AVX-VNNI", runAvxVnni);
  offer(env, sets, "AVX2", runAvx2);
}
#else
static napi_value runNeon(napi_env env, napi_callback_info info) { return run(env, info, kernelsNeon); }
static napi_value runNeonDot(napi_env env, napi_callback_info info) { return run(env, info, kernelsNeonDot); }

#define ANY_KERNELS kernelsNeon

#if defined __APPLE__
/** Every Mac with such a processor. */
static int hasDot(void) { return 1; }
#elif defined __linux__
extern unsigned long getauxval(unsigned long);
enum { hardware = 16, asimdDot = 1 << 20 };
static int hasDot(void) { return (getauxval(hardware) & asimdDot) != 0; }
#else
static int hasDot(void) { return 0; }
#endif

static void offerAll(napi_env env, napi_value sets) {
  if (hasDot()) offer(env, sets, "NEON-DotProd", runNeonDot);
  offer(env, sets, "NEON", runNeon);
}
#endif

/** { table, kernels, bind }: the second are the numbers of the kernels that there are, the third has `bind` for each set of instructions that this processor has and there are kernels for, the best first. */
NAPI_MODULE_INIT() {
  napi_value value;
  napi_create_string_utf8(env, tableVersion, NAPI_AUTO_LENGTH, &value);
  napi_set_named_property(env, exports, "table", value);
  napi_create_array(env, &value);
  for (int32_t i = 0, count = 0; i < kernelCount; i++) {
    napi_value number;
    if (!ANY_KERNELS[i]) continue;
    napi_create_int32(env, i, &number);
    napi_set_element(env, value, count++, number);
  }
  napi_set_named_property(env, exports, "kernels", value);
  napi_create_object(env, &value);
  offerAll(env, value);
  napi_set_named_property(env, exports, "bind", value);
  return exports;
}

#if defined _WIN32
int _fltused;
#endif
