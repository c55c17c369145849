// Linear algebra in float64: products of rows, Cholesky's factor, symmetric eigenvalues, singular vectors. Matrices are row-major, in flat arrays.
// Not here: anything that knows what a network is.
// May import: base.
export { factorise, invertFactorised, solveFactorised } from './cholesky.ts'
export { gramOf, transposed } from './gram.ts'
export { addProducts, squares } from './products.ts'
export { productError, type Singular, singular } from './singular.ts'
export { eigen, tridiagonal } from './symmetric.ts'
