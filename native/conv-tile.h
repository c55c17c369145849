// A tile of `convF32`: ROWS output pixels × UNITS vectors of output channels, whose sums stay in registers. Included once for each size, with
//   TILE    the name of the function
//   VECTOR  a vector, as wide as PANELS panels of 8 output channels
//   LOAD    (address, floats from one panel to the next): such a vector of packed weights

static void TILE(const Conv *conv, const uint32_t *table, const float *panel, uint32_t xOffset, uint32_t yOffset, int32_t columns) {
  const Memory memory = conv->memory;
  const size_t step = conv->panelFloats;
  const int32_t tileEntries = convTileRows * (1 + conv->taps);
  VECTOR sums[ROWS][UNITS];
  UNROLLED for (int u = 0; u < UNITS; u++) {
    const VECTOR bias = LOAD(panel + u * PANELS * step, step);
    UNROLLED for (int r = 0; r < ROWS; r++) sums[r][u] = bias;
  }
  const float *w = panel + panelWidth;
  for (int32_t t = 1; t <= conv->taps; t++) {
    const float *x[ROWS];
    UNROLLED for (int r = 0; r < ROWS; r++)
      x[r] = floatsAt(memory, table[r / convTileRows * tileEntries + t * convTileRows + r % convTileRows] + xOffset);
    for (size_t k = 0; k < conv->channels; k++) {
      VECTOR weights[UNITS];
      UNROLLED for (int u = 0; u < UNITS; u++) weights[u] = LOAD(w + u * PANELS * step, step);
      UNROLLED for (int r = 0; r < ROWS; r++)
        UNROLLED for (int u = 0; u < UNITS; u++) sums[r][u] += weights[u] * x[r][k];
      w += panelWidth;
    }
  }
  char *y[ROWS];
  UNROLLED for (int r = 0; r < ROWS; r++) y[r] = memory + table[r / convTileRows * tileEntries + r % convTileRows] + yOffset;
  // All residuals are read before anything is stored: rows that repeat the last one may be written in place.
  const bool isWhole = columns >= PANELS * UNITS * panelWidth;
  if (conv->hasResidual)
    UNROLLED for (int r = 0; r < ROWS; r++) {
      const float *residual = (const float *)(y[r] + conv->residualOffset);
      VECTOR some[UNITS] = {};
      if (!isWhole) copyFloats((float *)some, residual, columns);
      UNROLLED for (int u = 0; u < UNITS; u++) sums[r][u] += isWhole ? ((const VECTOR *)residual)[u] : some[u];
    }
  const VECTOR lo = (VECTOR){} + conv->lo, hi = (VECTOR){} + conv->hi;
  UNROLLED for (int r = 0; r < ROWS; r++) {
    VECTOR some[UNITS];
    VECTOR *to = isWhole ? (VECTOR *)y[r] : some;
    // A NaN stays.
    UNROLLED for (int u = 0; u < UNITS; u++) {
      const VECTOR raised = sums[r][u] < lo ? lo : sums[r][u];
      to[u] = raised > hi ? hi : raised;
    }
    if (!isWhole) copyFloats((float *)y[r], (const float *)some, columns);
  }
}

#undef TILE
#undef VECTOR
#undef PANELS
#undef LOAD
#undef ROWS
#undef UNITS
