/**
 * What was measured. Our own, because an observation on the way of every search must cost far less than a microsecond:
 * a caller looks a series up once or by a short key, and then adds to a number.
 *
 * @module
 */

import { type Definition, type InstrumentName, INSTRUMENTS, type LabelValues } from "./instruments.ts";

/** Series of one instrument at most; what comes after goes to a series whose labels all say `other`. */
export const MAX_SERIES = 1000;

/** Something that only grows. */
export class Counter {
  value = 0;

  /** @param amount ≥ 0. */
  add(amount = 1): void {
    this.value += amount;
  }
}

/** Something that goes up and down. */
export class Gauge {
  value = 0;

  set(value: number): void {
    this.value = value;
  }

  add(amount = 1): void {
    this.value += amount;
  }
}

/** How often something took how long. */
export class Histogram {
  /** Observations in each bucket, not cumulative; the last is for those above every bound. */
  readonly counts: Float64Array;
  sum = 0;
  /** Told of every observation; set while something else exports them too. */
  mirror: ((value: number) => void) | undefined;

  constructor(readonly buckets: readonly number[]) {
    this.counts = new Float64Array(buckets.length + 1);
  }

  observe(value: number): void {
    let bucket = 0;
    while (bucket < this.buckets.length && value > this.buckets[bucket]!) bucket++;
    this.counts[bucket]!++;
    this.sum += value;
    this.mirror?.(value);
  }
}

/** What one set of label values holds. */
export type Series = Counter | Gauge | Histogram;

/** A number read when someone asks: one, or one for each set of label values. */
export type Reading = number | readonly (readonly [values: readonly string[], value: number])[];

/** An instrument and its series. */
export class Family<S extends Series = Series> {
  readonly #series = new Map<string, { values: readonly string[]; series: S }>();
  /** Reads the numbers of an instrument that counts nothing by itself. */
  read: (() => Reading | Promise<Reading>) | undefined;
  /** Told of every series that is made. */
  made: ((values: readonly string[], series: S) => void) | undefined;

  constructor(readonly name: string, readonly definition: Definition, readonly create: () => S) {}

  /** The series of these label values. Keep it where the values are known beforehand. */
  with(...values: string[]): S {
    // Hot callers give one to three short texts; joining them costs less than nested maps.
    const key = values.join("\n");
    return (this.#series.get(key) ?? this.#add(key, values)).series;
  }

  /** All series, in the order in which they came up. */
  entries(): Iterable<{ values: readonly string[]; series: S }> {
    return this.#series.values();
  }

  #add(key: string, values: readonly string[]): { values: readonly string[]; series: S } {
    if (values.length !== this.definition.labels.length) {
      throw new TypeError(`${this.name} takes ${this.definition.labels.length} labels, not ${values.length}`);
    }
    if (this.#series.size >= MAX_SERIES) {
      values = values.map(() => "other");
      key = values.join("\n");
      const other = this.#series.get(key);
      if (other !== undefined) return other;
    }
    const entry = { values, series: this.create() };
    this.#series.set(key, entry);
    this.made?.(values, entry.series);
    return entry;
  }
}

/** A family as its users see it: typed by the table's labels. */
export interface Instrument<N extends InstrumentName, S extends Series> {
  with(...values: LabelValues<N>): S;
}

/** The instruments of one process. */
export class Registry {
  readonly families: ReadonlyMap<string, Family>;

  /** @param enabled Without it nothing is kept, and every observation goes to a series that is never read. */
  constructor(readonly enabled = true) {
    this.families = new Map(
      Object.entries<Definition>(INSTRUMENTS).map(([name, definition]) => {
        const family = new Family(name, definition, creatorOf(definition));
        // An instrument without labels is there from the start, so that "never yet" isn't taken for "not measured".
        if (definition.labels.length === 0) family.with();
        return [name, family];
      }),
    );
  }

  counter<N extends InstrumentName<"counter">>(name: N): Instrument<N, Counter> {
    return this.#family<Counter>(name);
  }

  gauge<N extends InstrumentName<"gauge">>(name: N): Instrument<N, Gauge> {
    return this.#family<Gauge>(name);
  }

  histogram<N extends InstrumentName<"histogram">>(name: N): Instrument<N, Histogram> {
    return this.#family<Histogram>(name);
  }

  /**
   * Has a counter or gauge read when someone asks for it. A reading that fails leaves the instrument out of that answer.
   *
   * @param read Cheap: it runs at every scrape.
   */
  observe(name: InstrumentName<"counter" | "gauge">, read: () => Reading | Promise<Reading>): void {
    this.#family(name).read = read;
  }

  #family<S extends Series>(name: InstrumentName): Family<S> & Instrument<InstrumentName, S> {
    const family = this.families.get(name)!;
    if (this.enabled) return family as Family<S> & Instrument<InstrumentName, S>;
    return new Unread(family) as Unread<S> & Instrument<InstrumentName, S>;
  }
}

/** Stands for a family while nothing is kept. */
class Unread<S extends Series> extends Family<S> {
  readonly #unread: S;

  constructor({ name, definition, create }: Family) {
    super(name, definition, create as () => S);
    this.#unread = this.create();
  }

  override with(): S {
    return this.#unread;
  }
}

function creatorOf({ type, buckets = [] }: Definition): () => Series {
  if (type === "histogram") return () => new Histogram(buckets);
  return type === "counter" ? () => new Counter() : () => new Gauge();
}

/** The numbers of a counter or gauge now; null when they can't be read. */
export async function readingsOf(family: Family): Promise<(readonly [readonly string[], number])[] | null> {
  if (family.read === undefined) {
    return [...family.entries()].map(({ values, series }) => [values, (series as Counter | Gauge).value]);
  }
  try {
    const reading = await family.read();
    return typeof reading === "number" ? [[[], reading]] : [...reading];
  } catch {
    return null;
  }
}
