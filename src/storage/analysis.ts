/**
 * Index terms of texts. Those of a long text take a hundredth of a second and more, so that a worker finds them.
 *
 * @module
 */

import { analyse } from "../memory/text.ts";
import { indexTerms } from "./index_terms.ts";

/** Characters from which a text is long: those of a shorter one take some milliseconds at most. */
const LONG = 16_000;
/** Milliseconds without work after which the worker ends; it takes 12 MB. */
const IDLE_MS = 10_000;

/** What is found in a text. */
export interface Analyses {
  /** As `indexTerms` gives them. */
  counts: Map<string, number>;
  /** As `analyse` gives them. */
  terms: string[];
}

/** A text that the worker is to analyse. */
export interface AnalysisTask {
  id: number;
  kind: keyof Analyses;
  content: string;
}

/** What the worker found. */
export interface AnalysisAnswer {
  id: number;
  found: Analyses[keyof Analyses];
}

/** Analyses a text here and now. */
export function analysed<Kind extends keyof Analyses>(kind: Kind, content: string): Analyses[Kind] {
  const find: { [Each in keyof Analyses]: (content: string) => Analyses[Each] } = {
    counts: indexTerms,
    terms: analyse,
  };
  return find[kind](content);
}

/** A text that waits for its answer. */
interface Waiting {
  task: AnalysisTask;
  resolve(answer: Analyses[keyof Analyses]): void;
}

/** Analyses the texts of one store. */
export class Analysis {
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #lastId = 0;
  #closed = false;

  /** What is found in a text; of a short one at once. */
  of<Kind extends keyof Analyses>(kind: Kind, content: string): Analyses[Kind] | Promise<Analyses[Kind]> {
    if (content.length < LONG || this.#closed) return analysed(kind, content);
    clearTimeout(this.#idle);
    const worker = this.#worker ??= this.#start(), task: AnalysisTask = { id: ++this.#lastId, kind, content };
    return new Promise<Analyses[Kind]>((resolve) => {
      this.#waiting.set(task.id, { task, resolve: resolve as Waiting["resolve"] });
      worker.postMessage(task);
    });
  }

  /** Ends the worker, with whatever it was asked for: no write is taken any more. */
  close(): void {
    this.#closed = true;
    this.#end();
  }

  #start(): Worker {
    const worker = new Worker(new URL("./analysis_worker.ts", import.meta.url), { type: "module", name: "analysis" });
    worker.onmessage = ({ data: { id, found } }: MessageEvent<AnalysisAnswer>) => {
      this.#waiting.get(id)?.resolve(found);
      this.#waiting.delete(id);
      if (this.#waiting.size > 0) return;
      this.#idle = setTimeout(() => this.#end(), IDLE_MS);
      this.#idle.unref();
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.#end();
      const waiting = [...this.#waiting.values()];
      this.#waiting.clear();
      for (const { task: { kind, content }, resolve } of waiting) resolve(analysed(kind, content));
    };
    return worker;
  }

  #end(): void {
    clearTimeout(this.#idle);
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}
