import { Alert, Combobox, type CSSVariablesResolver, createTheme } from '@mantine/core'

/** Mantine's, with colours of more contrast (WCAG 2.2 AA), and motion only where the system does not ask for less. */
export const theme = createTheme({
  ...{ respectReducedMotion: true, cursorType: 'pointer', primaryShade: 8 },
  components: {
    Alert: Alert.extend({ styles: { title: { color: 'var(--mantine-color-text)' } } }),
    // Lists that nobody has opened are most of what views with many choices take long to make.
    Combobox: Combobox.extend({ defaultProps: { keepMounted: false } }),
  },
})

export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: { '--mantine-color-dimmed': 'var(--mantine-color-gray-7)' },
  dark: { '--mantine-color-dimmed': 'var(--mantine-color-dark-1)' },
})
