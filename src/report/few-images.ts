/** With fewer, one image is more than 5 points of accuracy. */
const enough = 20

/** A warning where so few images were or will be looked at that their accuracy says little; undefined otherwise. */
export function fewImagesNotice(count: number, part: string): string | undefined {
  if (count >= enough) return undefined
  const step = Number((100 / count).toPrecision(2))
  return `${count === 1 ? `there is one ${part} image, which` : `there are only ${count} ${part} images: each`} moves the accuracy by ${step} points. Use more.`
}
