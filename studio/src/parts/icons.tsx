const paths = {
  plus: 'M10 4v12M4 10h12',
  minus: 'M4 10h12',
  fit: 'M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4',
  up: 'M4 13l6-6 6 6',
  down: 'M4 7l6 6 6-6',
  tree: 'M4 3v13M4 7h5M4 12h5M12 5h5v4h-5zM12 10.500h5v4h-5z',
  openAll: 'M5 5l5-3 5 3M5 15l5 3 5-3M10 2v16',
  closeAll: 'M5 2l5 4 5-4M5 18l5-4 5 4M3 10h14',
  save: 'M10 3v10M5 9l5 5 5-5M4 17h12',
  close: 'M5 5l10 10M15 5L5 15',
} as const

/** A small drawing on a button, which says in words what it does. */
export function Icon({ name }: { name: keyof typeof paths }) {
  return (
    <svg
      width="16"
      height="16"
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      aria-hidden="true"
    >
      <path d={paths[name]} strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  )
}
