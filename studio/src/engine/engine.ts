import { CompareDesk } from './desks/compare.ts'
import { CostsDesk } from './desks/costs.ts'
import { GraphDesk } from './desks/graph.ts'
import { MeasureDesk } from './desks/measure.ts'
import { PicturesDesk } from './desks/pictures.ts'
import { PruneDesk } from './desks/prune.ts'
import { QuantizeDesk } from './desks/quantize.ts'
import { RunDesk } from './desks/run.ts'
import { SensitivityDesk } from './desks/sensitivity.ts'
import { SwapDesk } from './desks/swap.ts'
import { TimesDesk } from './desks/times.ts'
import { TrainDesk } from './desks/train.ts'
import type { ModelSource } from './model-source.ts'
import { type Opened, OpenModel } from './open-model.ts'
import type { SessionSettings } from './session/types.ts'
import type { Changed } from './steps.ts'
import type { Network, RecountOptions } from './types.ts'

/**
 * What the page asks of the library. It lives in a worker, so that the page never waits: the model stays here, and the page gets what it shows.
 * Each model has an engine of its own. Errors cross as KerfError's message. Every view has a desk.
 */
export class Engine {
  readonly #open = new OpenModel(() => this.measure.stop())
  readonly costs = new CostsDesk(this.#open)
  readonly measure = new MeasureDesk(this.#open)
  readonly graph = new GraphDesk(this.#open, this.measure)
  readonly compare = new CompareDesk(this.#open, this.measure)
  readonly run = new RunDesk(this.#open)
  readonly pictures = new PicturesDesk(this.#open)
  readonly times = new TimesDesk(this.#open, this.measure)
  readonly sensitivity = new SensitivityDesk(this.#open, this.pictures)
  readonly prune = new PruneDesk(this.#open, this.times, this.pictures, this.sensitivity)
  readonly swap = new SwapDesk(this.#open, this.pictures)
  readonly quantize = new QuantizeDesk(this.#open, this.pictures)
  readonly train = new TrainDesk(this.#open, this.pictures)
  readonly model = {
    open: (source: ModelSource): Promise<Opened> => this.#open.open(source),
    recount: (options: RecountOptions): Network => this.#open.recount(options),
    goTo: (step: number): Changed => this.#open.goTo(step),
    now: (): Changed => this.#open.now(),
    save: () => this.#open.save(),
    saveSession: (settings: SessionSettings) => this.#open.saveSession(settings),
  }
}
