// `npm run build`: the kernels and `dist/`, where they are older than their sources.

import { build } from './prepare.mjs'

process.exitCode = (await build()).code
