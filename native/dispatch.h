// Kernels by their numbers, for each instruction set.

#pragma once

#include "kernels.h"

typedef void Kernel_(const void *args, Call call);
typedef Kernel_ *Kernel;

extern const Kernel kernelsAvx2[kernelCount], kernelsAvxVnni[kernelCount], kernelsAvx512[kernelCount], kernelsNeon[kernelCount], kernelsNeonDot[kernelCount];
