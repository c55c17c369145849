import type { ChannelRule } from '../../graph/index.ts'

/** Channel rule of pooling over regions: per channel of input 0, for boxes that other inputs give. */
export const perRegion: ChannelRule = {
  tie: (call, ties) => {
    const tracks = ties.tracks(0)
    for (const t of tracks)
      if (t.axes.join() !== '1') ties.freeze(t.labels, `${call.node.opType} works across axes ${t.axes}`)
    ties.setOutput(
      0,
      tracks.filter((t) => t.axes.join() === '1'),
    )
  },
}
