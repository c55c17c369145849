import { type Dim, type Shape, unknownDim } from '../../base/index.ts'

/** Product of sizes: a number, a symbol where everything else is 1, or unknown. */
export function dimProduct(dims: Shape): Dim {
  return dimQuotient(dims, [])
}

/** Product of some sizes divided by that of others, where it is a number or one symbol; symbols that occur in both cancel. */
export function dimQuotient(dims: Shape, by: Shape): Dim {
  let number = 1
  const symbols: string[] = []
  for (const d of dims) {
    if (typeof d === 'number') number *= d
    else symbols.push(d)
  }
  if (number === 0 && by.length === 0) return 0
  for (const d of by) {
    if (typeof d === 'number') number /= d
    else {
      const at = symbols.indexOf(d)
      if (at < 0) return unknownDim()
      symbols.splice(at, 1)
    }
  }
  if (symbols.length === 0) return Number.isInteger(number) ? number : unknownDim()
  return symbols.length === 1 && number === 1 ? symbols[0]! : unknownDim()
}
