// Kernels in a process of their own, for tests: for a processor that this one is not (under qemu), and with AddressSanitizer, to which all is out of bounds that
// is no allocation. The memory is a file that both processes have mapped. Requests come on the standard input, an answer of 4 bytes on the standard output follows each.

#include "dispatch.h"

/** Which kernel and where its arguments are, as in module.c, and how many ranges are out of bounds. */
typedef struct {
  int32_t kernel, args, thread, threads, ranges;
} Request;

typedef struct {
  uint32_t from, bytes;
} Range;

/** As much memory as any test takes; pages that nobody has written to take none. Ranges lie behind it. */
#define memoryBytes ((size_t)1 << 32)
#define rangeBytes ((size_t)1 << 20)

#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#include <sys/mman.h>
#include <unistd.h>

static Memory mapped(size_t bytes) { return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, 3, 0); }
static void forbid(const char *from, size_t bytes) { ASAN_POISON_MEMORY_REGION(from, bytes); }
static void allow(const char *from, size_t bytes) { ASAN_UNPOISON_MEMORY_REGION(from, bytes); }
_Noreturn static void leave(void) { _exit(0); }

int main(void)
#elif defined __aarch64__
// Without a C library, so that it takes nothing but clang to make it.
#include "called.h"

static long call(long number, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}

enum { readCall = 63, writeCall = 64, exitCall = 93, mmapCall = 222, readAndWrite = 3, shared = 1 };

static long read(int file, void *to, size_t bytes) { return call(readCall, file, (long)to, (long)bytes, 0, 0, 0); }
static long write(int file, const void *from, size_t bytes) { return call(writeCall, file, (long)from, (long)bytes, 0, 0, 0); }
static Memory mapped(size_t bytes) { return (Memory)call(mmapCall, 0, (long)bytes, readAndWrite, shared, 3, 0); }
static void forbid(const char *from, size_t bytes) { (void)from, (void)bytes; }
static void allow(const char *from, size_t bytes) { (void)from, (void)bytes; }
_Noreturn static void leave(void) {
  call(exitCall, 0, 0, 0, 0, 0, 0);
  __builtin_unreachable();
}

void _start(void)
#else
#error "For tests, on arm64 or with AddressSanitizer"
#endif
{
  Memory memory = mapped(memoryBytes + rangeBytes);
  const Range *ranges = (const Range *)(memory + memoryBytes);
  Request request;
  // A pipe hands over what was written at once, if it is as short as this.
  while (read(0, &request, sizeof request) == sizeof request) {
    for (int32_t i = 0; i < request.ranges; i++) forbid(memory + ranges[i].from, ranges[i].bytes);
    KERNELS[request.kernel](memory + (uint32_t)request.args, (Call){memory, request.thread, request.threads});
    for (int32_t i = 0; i < request.ranges; i++) allow(memory + ranges[i].from, ranges[i].bytes);
    if (write(1, &request.kernel, 4) != 4) break;
  }
  leave();
}
