/** Deeper than anything that a person writes, or a program that keeps to a format of Kerf's. */
const deepest = 100

/**
 * JSON.parse for texts that come from outside.
 * @param text JSON
 * @param reviver as JSON.parse takes it
 * @throws SyntaxError also where lists and objects lie more than 100 deep in each other: whoever walked through them would run out of stack
 */
export function parseJson(text: string, reviver?: (key: string, value: unknown) => unknown): unknown {
  let [depth, isInText] = [0, false]
  for (let i = 0; i < text.length; i++) {
    const c = text[i]
    if (isInText) {
      if (c === '\\') i++
      else if (c === '"') isInText = false
    } else if (c === '"') isInText = true
    else if (c === ']' || c === '}') depth--
    else if ((c === '[' || c === '{') && ++depth > deepest)
      throw new SyntaxError(`it is nested more than ${deepest} levels deep`)
  }
  return JSON.parse(text, reviver)
}
