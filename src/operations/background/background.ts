/**
 * Background work: jobs that run again and again in one of the processes that share a store, the one that holds the
 * lease. When that one stops or dies, another goes on.
 *
 * @module
 */

import { errorText } from "../../errors.ts";
import type { WorkLog } from "../health/work_log.ts";
import type { Logger } from "../logger.ts";
import type { Runtime } from "../runtime.ts";
import type { BackgroundState, JobState } from "./state.ts";
import { BACKGROUND_LEASE, Lease } from "./lease.ts";
import { sleep } from "../../sleep.ts";

/** Milliseconds to the next try after a failure, at most. */
const RETRY_MS = 30_000;
/** Milliseconds to the next look at the lease while the store can't be reached, at most. */
const RECONNECT_MS = 2000;
/** Times its own limit that a process which can't do the work leaves the lease to others. */
const STAND_BACK = 2;

/** A piece of background work. It is safe to do twice, and goes on where it was stopped. */
export interface Job {
  /** As in `Cannot <name>`: `empty the trash`. */
  name: string;
  /** Milliseconds between two runs. */
  everyMs: number;
  /** Does what there is to do now; ends soon, without an error, once the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** Another process may succeed where this one fails for long: the lease is then left to it for a while. */
  handsOver?: boolean;
}

/** How the work is shared. */
export interface BackgroundOptions {
  /** Names this process; unique. */
  holder: string;
  /** Milliseconds without a sign of life after which another process takes the work over. */
  leaseMs: number;
  log: Logger;
}

/** Running background work. */
export interface Background {
  /** Ends the jobs, waits for them, and leaves the work to others. Idempotent. */
  stop(): Promise<void>;
}

/** Competes for the lease until stopped, and runs the jobs while it is held. */
export function startBackground(runtime: Runtime, jobs: readonly Job[], options: BackgroundOptions): Background {
  const stopping = new AbortController();
  const running = new Worker(runtime, jobs, options).run(stopping.signal);
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

class Worker {
  readonly #state: BackgroundState;
  readonly #jobs: readonly Job[];
  readonly #options: BackgroundOptions;
  readonly #lease: Lease;
  readonly #log: WorkLog;
  /** Ends the jobs; undefined while they don't run. */
  #stopJobs: (() => Promise<void>) | undefined;
  /** A job that can't be done here asked to leave the lease to others; it does so once until it succeeds. */
  #standBack: "no" | "asked" | "done" = "no";

  constructor({ storage, background, health }: Runtime, jobs: readonly Job[], options: BackgroundOptions) {
    const { holder, leaseMs } = this.#options = options;
    this.#state = background;
    this.#log = health.work;
    this.#jobs = jobs;
    this.#lease = new Lease(storage, { name: BACKGROUND_LEASE, holder, ttlMs: leaseMs });
  }

  async run(signal: AbortSignal): Promise<void> {
    const { leaseMs, log } = this.#options, pause = leaseMs / 3;
    while (!signal.aborted) {
      let reached = true;
      try {
        await this.#lease.look();
      } catch {
        reached = false; // a lease that can't be renewed ends by itself
      }
      await this.#follow(signal);
      if (this.#standBack === "asked") {
        this.#standBack = "done";
        await this.#end();
        log.info("Leaving background work to another process, if there is one");
        await sleep(leaseMs * STAND_BACK, signal);
      } else await sleep(reached ? pause : Math.min(pause, RECONNECT_MS), signal);
    }
    await this.#end();
  }

  /** Starts or ends the jobs, as the lease says, and tells who holds it. */
  async #follow(signal: AbortSignal): Promise<void> {
    const here = this.#lease.mine && !signal.aborted, { holder } = this.#lease;
    if (this.#state.here !== here || this.#state.holder !== holder) {
      Object.assign(this.#state, { holder, here, since: Date.now() });
      this.#options.log.debug(here ? "Background work runs here" : `Background work runs in ${holder ?? "no process"}`);
    }
    if (here) this.#stopJobs ??= this.#start();
    else await this.#stop();
  }

  #start(): () => Promise<void> {
    const ending = new AbortController();
    const running = Promise.all(this.#jobs.map((job) => {
      const state: JobState = { name: job.name, state: "waiting", since: Date.now(), error: null };
      this.#state.jobs.push(state);
      return this.#repeat(job, state, ending.signal);
    }));
    return async () => {
      ending.abort();
      await running;
      this.#state.jobs = [];
      this.#log.clear();
    };
  }

  async #stop(): Promise<void> {
    const stop = this.#stopJobs;
    this.#stopJobs = undefined;
    await stop?.();
  }

  async #end(): Promise<void> {
    await this.#stop();
    await this.#lease.release().catch(() => {}); // it runs out by itself
    Object.assign(this.#state, { holder: null, here: false, since: Date.now() });
  }

  async #repeat(job: Job, state: JobState, signal: AbortSignal): Promise<void> {
    const { leaseMs, log } = this.#options;
    const enter = (next: JobState["state"], error: string | null = null) =>
      Object.assign(state, { state: next, since: Date.now(), error });
    let complaint = "", failingSince: number | undefined;
    while (!signal.aborted) {
      if (failingSince === undefined) enter("running");
      try {
        await job.run(signal);
        enter("waiting");
        this.#log.succeeded(job.name);
        [complaint, failingSince] = ["", undefined];
        if (job.handsOver) this.#standBack = "no";
      } catch (error) {
        if (signal.aborted) return;
        this.#log.failed(job.name, error);
        failingSince ??= performance.now();
        // The same fault at every try would flood the log.
        if (errorText(error) !== complaint) {
          complaint = errorText(error);
          enter("failed", complaint);
          log.error(`Cannot ${job.name}, trying again: ${complaint}`);
        }
        const long = performance.now() - failingSince > leaseMs;
        if (job.handsOver && long && this.#standBack === "no") this.#standBack = "asked";
      }
      await sleep(failingSince === undefined ? job.everyMs : Math.min(job.everyMs, RETRY_MS), signal);
    }
  }
}
