import '../colours.css'
import styles from './cards.module.css'

export interface Card {
  readonly title: string
  readonly value: string
  /** Before the value: `at least`. */
  readonly before?: string
  /** Below it. */
  readonly note?: string
}

/** Headline numbers side by side. */
export function Cards({ cards }: { readonly cards: readonly Card[] }) {
  return (
    <dl className={styles.cards}>
      {cards.map(({ title, value, before, note }) => (
        <div key={title}>
          <dt>{title}</dt>
          <dd>
            {before && <small>{before} </small>}
            {value}
            {note && <small className={styles.note}>{note}</small>}
          </dd>
        </div>
      ))}
    </dl>
  )
}
