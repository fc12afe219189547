/**
 * Kills a service again and again while clients write, and checks after each restart that what it answered is there, and
 * there once. Each client works on memories of its own, one request after the other: what a memory may be is what the
 * last answered request made of it, or what one request after that would make.
 *
 * @module
 */

/** A service that runs. */
export interface Victim {
  /** Base URL of its REST server. */
  url: string;
  /** Ends it at once, without a word to it. */
  kill(): Promise<void>;
}

/** What to kill, and how often. */
export interface KillPlan {
  rounds: number;
  writers: number;
  /** Milliseconds between the first answered writes and each kill: at least and at most. */
  writing: [number, number];
  /** Starts the service over what its predecessor left. */
  start(): Promise<Victim>;
  /** Called while the clients write, in the middle of each round: for killing what the service relies on. */
  during?(round: number): Promise<void>;
  /** A number from 0 to 1. */
  random(): number;
  onRound?(round: number, figures: KillFigures): void;
}

/** What came of it. */
export interface KillFigures {
  rounds: number;
  /** Requests that were answered with success, and those that were not answered, or with an outage. */
  answered: number;
  unanswered: number;
  /** Memories that the clients made. */
  memories: number;
  /** What is wrong, in words; empty when all is well. */
  lost: string[];
  twice: string[];
}

/** What a memory may be, with the tags it has. */
type State = `stored ${string}` | `trashed ${string}` | "gone";

interface Kept {
  content: string;
  hash: string;
  /** More than one after a request that wasn't answered. */
  states: Set<State>;
  /** Whether it was written since it was last checked. */
  isTouched: boolean;
}

/** A change of a memory that is there. */
interface Change {
  method: "PUT" | "DELETE" | "POST";
  path(hash: string): string;
  body?(hash: string, mark: string): unknown;
  /** The state after it. */
  then(state: State, mark: string): State;
  /** The state in which it succeeds. */
  when: "stored" | "trashed";
}

const CHANGES: Change[] = [
  {
    method: "PUT",
    path: (hash) => `/api/memories/${hash}`,
    body: (_, mark) => ({ tags: [mark] }),
    then: (_, mark) => `stored ${mark}`,
    when: "stored",
  },
  {
    method: "DELETE",
    path: (hash) => `/api/memories/${hash}`,
    then: (state) => `trashed ${tagsIn(state)}`,
    when: "stored",
  },
  {
    method: "DELETE",
    path: (hash) => `/api/memories/${hash}?permanent=true`,
    then: () => "gone",
    when: "stored",
  },
  {
    method: "POST",
    path: () => "/api/manage/trash/restore",
    body: (hash) => ({ content_hashes: [hash] }),
    then: (state) => `stored ${tagsIn(state)}`,
    when: "trashed",
  },
];

/** Milliseconds an answer may take. */
const PATIENCE_MS = 60_000;
/** Rounds after which all memories are listed, beside the last. */
const LISTED_EVERY = 25;

/** Runs all rounds. */
export async function killRounds(plan: KillPlan): Promise<KillFigures> {
  const figures: KillFigures = { rounds: 0, answered: 0, unanswered: 0, memories: 0, lost: [], twice: [] };
  const writers = Array.from({ length: plan.writers }, (_, id) => new Writer(id, plan.random, figures));
  let victim = await plan.start();
  for (let round = 1; round <= plan.rounds; round++) {
    let stopped = false;
    const { url } = victim, work = writers.map((writer) => writer.run(url, () => stopped));
    const [least, most] = plan.writing;
    const span = least + plan.random() * (most - least), answered = figures.answered;
    // The first writes of a process may wait for the model.
    for (const began = Date.now(); figures.answered - answered < plan.writers;) {
      if (Date.now() - began > PATIENCE_MS) throw new Error(`No writes are answered in round ${round}`);
      await sleep(10);
    }
    await sleep(span / 2);
    await plan.during?.(round);
    await sleep(span / 2);
    await victim.kill();
    stopped = true;
    await Promise.all(work);
    victim = await plan.start();
    figures.rounds = round;
    for (const writer of writers) await writer.check(victim.url);
    if (round % LISTED_EVERY === 0 || round === plan.rounds) await checkAll(victim.url, writers, figures);
    plan.onRound?.(round, figures);
  }
  await victim.kill();
  return figures;
}

/** A client with memories of its own. */
class Writer {
  readonly kept: Kept[] = [];
  readonly #id: number;
  readonly #random: () => number;
  readonly #figures: KillFigures;
  #marks = 0;

  constructor(id: number, random: () => number, figures: KillFigures) {
    this.#id = id;
    this.#random = random;
    this.#figures = figures;
  }

  /** Writes until it is told to stop, or nothing answers any more. */
  async run(url: string, isStopped: () => boolean): Promise<void> {
    while (!isStopped()) {
      const answered = await (this.#random() < 0.5 || this.kept.length === 0 ? this.#store(url) : this.#change(url));
      if (answered) this.#figures.answered++;
      else {
        this.#figures.unanswered++;
        await sleep(20);
      }
    }
  }

  async #store(url: string): Promise<boolean> {
    const content = `Writer ${this.#id} remembers fact ${this.kept.length} of its own`;
    const memory: Kept = {
      content,
      hash: await hashOf(content),
      states: new Set<State>(["gone", "stored "]),
      isTouched: true,
    };
    this.kept.push(memory);
    this.#figures.memories++;
    if (!await this.#send(url, "POST", "/api/memories", { content })) return false;
    memory.states = new Set(["stored "]);
    return true;
  }

  async #change(url: string): Promise<boolean> {
    const memory = this.kept[Math.floor(this.#random() * this.kept.length)]!, [state] = memory.states;
    const change = CHANGES[Math.floor(this.#random() * CHANGES.length)]!;
    if (memory.states.size > 1 || !state!.startsWith(change.when)) return await this.#store(url);
    const mark = `mark-${this.#id}-${this.#marks++}`, after = change.then(state!, mark);
    memory.states.add(after);
    memory.isTouched = true;
    const { hash } = memory;
    if (!await this.#send(url, change.method, change.path(hash), change.body?.(hash, mark))) return false;
    memory.states = new Set([after]);
    return true;
  }

  /** Whether a request was answered with success; not while nothing answers. */
  async #send(url: string, method: string, path: string, body: unknown): Promise<boolean> {
    let answer: Response, told: Record<string, unknown>;
    try {
      answer = await fetch(url + path, {
        method,
        headers: { "content-type": "application/json" },
        signal: AbortSignal.timeout(PATIENCE_MS),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      told = await answer.json();
    } catch {
      return false; // killed
    }
    if (answer.status === 503 || answer.status === 429) return false;
    if (answer.ok && (told.success !== false || told.duplicate === true)) return true;
    const text = `${method} ${path} answered ${answer.status}: ${JSON.stringify(told)}`;
    this.#figures.lost.push(`round ${this.#figures.rounds + 1}: ${text}`);
    return false;
  }

  /** Looks for what was written since the last look, and notes what is there now. */
  async check(url: string): Promise<void> {
    const trash = await trashOf(url);
    for (const memory of this.kept.filter(({ isTouched }) => isTouched)) {
      const found = await stateOf(url, memory.hash, trash);
      if (!memory.states.has(found)) {
        const expected = [...memory.states].join('" or "');
        this.#figures.lost.push(`round ${this.#figures.rounds}: ${memory.content} is "${found}", not "${expected}"`);
      }
      memory.states = new Set([found]);
      memory.isTouched = false;
    }
  }
}

/** @param trash Tags of what is in the trash, by key. */
async function stateOf(url: string, hash: string, trash: ReadonlyMap<string, string>): Promise<State> {
  const answer = await fetch(`${url}/api/memories/${hash}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
  const memory = await answer.json();
  if (answer.ok) return `stored ${(memory.tags as string[]).join()}`;
  if (answer.status !== 404) throw new Error(`Reading ${hash} answered ${answer.status}: ${JSON.stringify(memory)}`);
  const tags = trash.get(hash);
  return tags === undefined ? "gone" : `trashed ${tags}`;
}

/** Compares all that the service has with what the clients know. */
async function checkAll(url: string, writers: readonly Writer[], figures: KillFigures): Promise<void> {
  const known = new Map(writers.flatMap(({ kept }) => kept).map((memory) => [memory.hash, memory]));
  const seen = new Set<string>(), trash = await trashOf(url);
  for (let page = 1, more = true; more; page++) {
    const answer = await fetch(`${url}/api/memories?page=${page}&page_size=100`, {
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const { memories, has_more } = await answer.json();
    for (const { content, content_hash } of memories) {
      if (seen.has(content)) figures.twice.push(`round ${figures.rounds}: "${content}" is listed twice`);
      seen.add(content);
      const memory = known.get(content_hash);
      if (![...memory?.states ?? []].some((state) => state.startsWith("stored"))) {
        figures.twice.push(`round ${figures.rounds}: "${content}" is listed, and should not be`);
      }
    }
    more = has_more;
  }
  for (const { content, hash, states } of known.values()) {
    const [state] = states;
    if (state!.startsWith("stored") && !seen.has(content)) {
      figures.lost.push(`round ${figures.rounds}: "${content}" isn't listed`);
    }
    if (state === "gone" && trash.has(hash)) {
      figures.twice.push(`round ${figures.rounds}: "${content}" was deleted for good, and is in the trash`);
    }
  }
}

/** Tags of what is in the trash, by key. */
async function trashOf(url: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let page = 1, more = true; more; page++) {
    const answer = await fetch(`${url}/api/manage/trash?page=${page}&page_size=100`, {
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const { items, has_more } = await answer.json();
    for (const { memory } of items) found.set(memory.content_hash, memory.tags.join());
    more = has_more;
  }
  return found;
}

function tagsIn(state: State): string {
  return state.slice(state.indexOf(" ") + 1);
}

/** content_hash of a text. */
async function hashOf(content: string): Promise<string> {
  const bytes = new TextEncoder().encode(content.toLowerCase());
  return [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
