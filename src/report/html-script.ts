/**
 * What a page does when it is clicked on: tables sorted by the head of a column – numbers the largest first, text by the alphabet, a third time in
 * the order of the graph –, and rows filtered by what is typed. A table that is wider than the page scrolls by itself. Without scripts the page shows everything, in the order of the graph.
 */
export const script = `for (const section of document.querySelectorAll('section.rows')) {
  const scroll = section.querySelector('.scroll')
  const fit = () => section.classList.toggle('wide', scroll.scrollWidth > scroll.clientWidth)
  section.querySelector('.more')?.addEventListener('change', fit)
  addEventListener('resize', fit)
  fit()
  const body = section.querySelector('tbody')
  const rows = [...body.rows]
  const heads = [...section.querySelectorAll('thead th')]
  const valueOf = (row, i) => {
    const cell = row.cells[i]
    return 'value' in cell.dataset ? Number(cell.dataset.value) : cell.textContent.trim()
  }
  const compare = (a, b) =>
    typeof a === 'number' && typeof b === 'number'
      ? b - a
      : typeof a === 'number' ? -1 : typeof b === 'number' ? 1 : a.localeCompare(b, undefined, { numeric: true })
  heads.forEach((head, i) => head.querySelector('button')?.addEventListener('click', () => {
    const numeric = rows.some((row) => typeof valueOf(row, i) === 'number')
    const [first, second] = numeric ? ['descending', 'ascending'] : ['ascending', 'descending']
    const now = head.getAttribute('aria-sort')
    const next = now === first ? second : now === second ? null : first
    for (const other of heads) other.removeAttribute('aria-sort')
    if (next) head.setAttribute('aria-sort', next)
    const sorted = next ? [...rows].sort((a, b) => compare(valueOf(a, i), valueOf(b, i)) * (next === first ? 1 : -1)) : rows
    body.append(...sorted)
  }))
  const filter = section.querySelector('input[type=search]')
  const shown = section.querySelector('output')
  filter?.addEventListener('input', () => {
    const words = filter.value.toLowerCase().split(/\\s+/)
    let count = 0
    for (const row of rows) {
      const text = row.textContent.toLowerCase()
      row.hidden = !words.every((word) => text.includes(word))
      if (!row.hidden) count++
    }
    shown.textContent = count === rows.length ? '' : count + ' of ' + rows.length + ' rows'
  })
}
document.documentElement.classList.add('scripted')
`
