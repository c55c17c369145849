import classes from './lab.module.css'

/** Prose of the library, with formulas in MathML. */
export const Prose = ({ html }: { readonly html: string }) => (
  // biome-ignore lint/security/noDangerouslySetInnerHtml: made by the library of its own texts, which it escapes
  <p className={classes.prose} dangerouslySetInnerHTML={{ __html: html }} />
)
