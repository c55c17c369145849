import { fileURLToPath } from 'node:url'

/** The package's folder: two levels up from src/cli as from dist/chunks, where the build puts what is no entry point. */
export const packageRoot = fileURLToPath(new URL('../../', import.meta.url))
