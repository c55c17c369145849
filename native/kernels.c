// All kernels, compiled once for each instruction set (scripts/native.mjs), which KERNELS names.

#include "dispatch.generated.h"

const Kernel KERNELS[kernelCount] = {NATIVE_KERNELS};
