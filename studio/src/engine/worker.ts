import { expose, transferHandlers } from 'comlink'
import { Engine } from './engine.ts'
import { inPageWords } from './page-words.ts'

// Errors cross as Comlink has them, in the page's words.
const thrown = transferHandlers.get('throw')!
transferHandlers.set('throw', {
  ...thrown,
  serialize(value) {
    const { value: error } = value as { readonly value: unknown }
    if (error instanceof Error) error.message = inPageWords(error.message)
    return thrown.serialize(value)
  },
})

expose(new Engine())
