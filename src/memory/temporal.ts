/**
 * Questions about what changed: which of several statements about one thing is asked for, by the question's own words.
 *
 * Statements about one thing score alike, whenever they were made. So where the words ask for the state now, the newer
 * of those that score nearly as well as the best gain, and where they ask for an earlier state the older ones do. Where
 * the constants come from: `bench/dated`, whose figures are in `bench/README.md`.
 *
 * @module
 */

/** `now`: the state now; `before`: an earlier one; `order`: what came after what. */
export const TEMPORAL_INTENTS = ["now", "before", "order"] as const;
export type TemporalIntent = (typeof TEMPORAL_INTENTS)[number];

/** Phrases of English and German, in lower case, as words with one blank between them. */
const PHRASES: Readonly<Record<TemporalIntent, readonly string[]>> = {
  order: [
    ...["in which order", "in what order", "what order", "order in which", "chronological", "chronologically"],
    ...["timeline", "sequence of", "in sequence", "over time", "over the years", "history of", "evolve", "evolved"],
    ...["evolution of", "reihenfolge", "chronologisch", "chronologische", "zeitlich", "zeitliche", "verlauf"],
    ...["im laufe der zeit", "mit der zeit", "zeitleiste"],
  ],
  before: [
    ...["previously", "formerly", "originally", "initially", "at first", "used to", "use to", "earlier", "former"],
    ...["previous", "original", "in the beginning", "at the start", "to begin with", "back then", "until then"],
    ...["before that", "before the", "before we", "before i", "before you", "before it", "before he", "before she"],
    ...["before they", "before switching", "before moving", "before changing", "prior to", "the old", "our old"],
    ...["my old", "früher", "frühere", "früheren", "früherer", "vorher", "zuvor", "davor", "ursprünglich"],
    ...["ursprüngliche", "ursprünglichen", "anfangs", "am anfang", "zunächst", "zuerst", "damals", "ehemals"],
    ...["ehemalige", "ehemaligen", "vorherige", "vorherigen", "bisherige", "bisherigen", "der alte", "die alte"],
    ...["das alte", "die alten", "den alten", "bevor", "vor dem umzug", "vor dem wechsel"],
    ...["vor der umstellung", "vor der änderung"],
  ],
  now: [
    ...["now", "currently", "current", "these days", "nowadays", "at the moment", "at present", "presently", "still"],
    ...["anymore", "any more", "any longer", "no longer", "latest", "newest", "most recent", "most recently"],
    ...["up to date", "today", "as of", "jetzt", "derzeit", "aktuell", "aktuelle", "aktuellen", "aktueller"],
    ...["aktuelles", "momentan", "gegenwärtig", "heute", "heutzutage", "zurzeit", "zur zeit", "im moment"],
    ...["inzwischen", "mittlerweile", "immer noch", "nicht mehr", "neueste", "neuesten", "neuester", "neuestes"],
  ],
};

/** The phrases by their first word, so that a question is compared with those alone that it can hold. */
type PhraseIndex = ReadonlyMap<string, readonly { intent: TemporalIntent; phrase: string }[]>;
let phraseIndex: PhraseIndex | undefined;

function phrasesByWord(): PhraseIndex {
  if (phraseIndex !== undefined) return phraseIndex;
  const index = new Map<string, { intent: TemporalIntent; phrase: string }[]>();
  for (const intent of TEMPORAL_INTENTS) {
    for (const phrase of PHRASES[intent]) {
      index.getOrInsertComputed(phrase.split(" ", 1)[0]!, () => []).push({ intent, phrase: ` ${phrase} ` });
    }
  }
  return phraseIndex = index;
}

/** Words at whose end a question asks for an earlier state. */
const AT_THE_END = [" before ", " vorher ", " davor "];
/** `used to` after a form of "to be" or "to get" states a purpose or a habit: "What is the key used to open?" */
const USED_TO = " used to ", BEING = ["is", "are", "was", "were", "be", "been", "being", "get", "got"];

/** What the words of a question say about time; null where they say nothing. Takes linear time. */
export function temporalIntent(query: string): TemporalIntent | null {
  const words = query.normalize("NFKC").toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  let text = ` ${words.join(" ")} `;
  const at = text.indexOf(USED_TO);
  if (at >= 0 && text.slice(0, at).split(" ").some((word) => BEING.includes(word))) {
    text = text.replaceAll(USED_TO, " ");
  }
  const found = new Set<TemporalIntent>(), index = phrasesByWord();
  for (const word of new Set(words)) {
    for (const { intent, phrase } of index.get(word) ?? []) if (text.includes(phrase)) found.add(intent);
  }
  if (found.has("order")) return "order";
  if (found.has("before") || AT_THE_END.some((end) => text.endsWith(end))) return "before";
  return found.has("now") ? "now" : null;
}

/** How strongly time counts. */
export interface TemporalWeights {
  /** Share of the best score from which on a statement may be about the same thing. */
  band: number;
  /** What the newest, or the oldest, of them gains at most, as a share of its score. */
  gain: number;
}

export const TEMPORAL_WEIGHTS: TemporalWeights = { band: 0.8, gain: 0.3 };

/** Seconds within which statements count as made at once: turns of one conversation don't replace each other. */
const AT_ONCE = 3600;

/** A ranked memory. */
interface Dated {
  /** Unix seconds. */
  created_at: number;
}

/**
 * The order that the words ask for, of results from best to worst: scores times a factor from 1 up for those that may
 * be about the same thing as the best, which keep the best score as their largest; for `order` those come first, oldest
 * first. The factor is what `mark` is called with.
 */
export function preferByTime<T extends { item: Dated; score: number }>(
  ranked: readonly T[],
  intent: TemporalIntent,
  mark: (entry: T, factor: number) => T,
  { band, gain }: TemporalWeights = TEMPORAL_WEIGHTS,
): T[] {
  const best = ranked[0]?.score ?? 0;
  // Without a word in common, and with meanings that all point away from the question.
  if (best === 0) return [...ranked];
  const near = ranked.filter(({ score }) => score >= best * band).sort((a, b) => a.item.created_at - b.item.created_at);
  if (near.length < 2) return [...ranked];
  if (intent === "order") return [...near, ...ranked.slice(near.length)];

  const steps: number[] = [];
  near.forEach(({ item }, i) => {
    const isLater = i > 0 && item.created_at - near[i - 1]!.item.created_at >= AT_ONCE;
    steps.push((steps.at(-1) ?? 0) + Number(isLater));
  });
  const last = steps.at(-1)!;
  if (last === 0) return [...ranked];
  const factors = new Map(near.map((entry, i) => {
    const newness = steps[i]! / last;
    return [entry, 1 + gain * (intent === "now" ? newness : 1 - newness)];
  }));
  const largest = near.reduce((most, entry) => Math.max(most, entry.score * factors.get(entry)!), 0);
  return ranked.map((entry) => {
    const factor = factors.get(entry) ?? 1, score = entry.score * factor * best / largest;
    return mark({ ...entry, score }, factor);
  }).sort((a, b) => b.score - a.score);
}
