/** Everything hangs on a few colours, which the dark theme replaces. */
export const stylesheet = `:root {
  color-scheme: light dark;
  --page: #ffffff; --text: #1c2126; --faint: #66717c; --line: #dfe4e8; --card: #f4f6f8; --bar: #b9d7f3;
}
@media (prefers-color-scheme: dark) {
  :root { --page: #15191d; --text: #e4e8ec; --faint: #93a0ac; --line: #303840; --card: #1e242a; --bar: #27507a; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.45 system-ui, sans-serif; }
main { max-width: 1200px; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.5rem; margin: 0 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; }
.facts { display: flex; flex-wrap: wrap; gap: .6rem; margin: 0 0 1.5rem; }
.facts div { background: var(--card); border-radius: .5rem; padding: .5rem .9rem; min-width: 0; max-width: 100%; }
dt { color: var(--faint); font-size: .8rem; }
dd { margin: 0; font-size: 1.05rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
table { border-collapse: collapse; font-size: .78rem; width: 100%; }
th, td { padding: .28rem .35rem; text-align: left; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--faint); font-weight: 600; border-bottom-width: 2px; position: sticky; top: 0; background: var(--page); z-index: 1; }
th button { all: unset; cursor: pointer; }
th button:focus-visible { outline: 2px solid var(--text); outline-offset: 2px; }
th[aria-sort] { color: var(--text); }
th[aria-sort=ascending] button::after { content: " ▲"; }
th[aria-sort=descending] button::after { content: " ▼"; }
html:not(.scripted) .scripted-only { display: none; }
html:not(.scripted) th button { cursor: auto; }
tbody tr:hover { background: var(--card); }
.tools { display: flex; flex-wrap: wrap; gap: 1rem; align-items: center; margin: 0 0 .6rem; font-size: .86rem; color: var(--faint); }
.tools input[type=search] { font: inherit; color: var(--text); background: var(--card); border: 1px solid var(--line); border-radius: .3rem; padding: .2rem .5rem; }
section:not(:has(.more:checked)) .detail { display: none; }
.wide .scroll { overflow: auto; max-height: 90vh; }
.sentence { white-space: normal; min-width: 16rem; }
figure { margin: 0 0 1.5rem; overflow-x: auto; }
figure svg { max-width: 100%; height: auto; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.zero { color: var(--faint); }
.bar { position: relative; min-width: 5.8rem; }
.bar i { position: absolute; top: calc(50% - .55rem); height: 1.1rem; left: 0; background: var(--bar); border-radius: 2px; }
.bar span { position: relative; }
tfoot td { font-weight: 700; border-top: 2px solid var(--line); border-bottom: 0; }
.note { color: var(--faint); font-size: .86rem; }
@media print { main { padding: 0; } .tools { display: none; } th { position: static; } .bar i { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
`
