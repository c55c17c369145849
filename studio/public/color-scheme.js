// Before anything is drawn: the colours that were chosen, or those of the system, so that the page does not change them while it loads.
const chosen = localStorage.getItem('mantine-color-scheme-value') ?? 'auto'
const isDark = chosen === 'auto' ? matchMedia('(prefers-color-scheme: dark)').matches : chosen === 'dark'
document.documentElement.dataset.mantineColorScheme = isDark ? 'dark' : 'light'
