import type { ReactNode } from 'react'
import table from './plain-table.module.css'

/** What may be wider than the page: keys scroll it, whether or not something in it can be focused. */
export function Wide({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what can be scrolled, keys can scroll.
    <section className={table.scroll} aria-label={label} tabIndex={0}>
      {children}
    </section>
  )
}
