/**
 * A circuit breaker: after some failures in a row calls are refused at once instead of waiting for a server that is
 * away. It closes once a probe was answered, and opens again with the next failure. After such a failure, and after a while
 * without an answered probe, one call at a time is let through to see whether the server is back.
 *
 * @module
 */

/** How a circuit is set. */
export interface CircuitSettings {
  /** Failures in a row that open it. */
  failures: number;
  /** Seconds it stays open at most before the first trial, and after each failed one. */
  seconds: number;
}

/** Seconds before a trial of a server that answered a probe and then failed one; doubled for each further one. */
const FAILED_TRIAL_SECONDS = 2;

/** State of the calls to one server. */
export class Circuit {
  readonly #settings: CircuitSettings;
  readonly #now: () => number;
  #failures = 0;
  /** Milliseconds at which a trial is due; null while the circuit is closed. */
  #trialAt: number | null = null;
  /** Milliseconds at which the circuit opened, or a trial failed last. */
  #openedAt = 0;
  #failedTrials = 0;
  #trying = false;
  /** Whether the circuit was closed by a probe, and no call has been answered since. */
  #onProbation = false;

  constructor(settings: CircuitSettings, now: () => number = () => performance.now()) {
    this.#settings = settings;
    this.#now = now;
  }

  get state(): "closed" | "open" | "half-open" {
    if (this.#trialAt === null) return "closed";
    return this.#now() < this.#trialAt ? "open" : "half-open";
  }

  /** Seconds until the next trial is due; 0 when calls are let through or a trial is due. */
  get wait(): number {
    return this.#trialAt === null ? 0 : Math.max(0, Math.ceil((this.#trialAt - this.#now()) / 1000));
  }

  /** Seconds after which a call may be let through; 0 when one may now. An allowed call must report its end. */
  enter(): number {
    if (this.#trialAt === null) return 0;
    if (this.wait > 0) return this.wait;
    if (this.#trying) return 1;
    this.#trying = true;
    return 0;
  }

  /** The server answered a probe: calls go through again; after failed trials one is due first, later after each. */
  probed(): void {
    if (this.#trialAt === null) return;
    if (this.#failedTrials === 0) {
      this.#trialAt = null;
      this.#onProbation = true;
    } else {
      const seconds = FAILED_TRIAL_SECONDS * 2 ** (this.#failedTrials - 1);
      this.#trialAt = Math.min(this.#trialAt, this.#openedAt + seconds * 1000);
    }
  }

  /** The server answered, be it with a refusal. */
  succeeded(): void {
    this.#failures = 0;
    this.#failedTrials = 0;
    this.#trialAt = null;
    this.#trying = false;
    this.#onProbation = false;
  }

  /** The server did not answer. Calls that began before the circuit opened don't prolong it. */
  failed(): void {
    this.#failures++;
    const isTrial = this.#trying || this.#onProbation;
    if (isTrial || (this.#trialAt === null && this.#failures >= this.#settings.failures)) {
      if (isTrial) this.#failedTrials++;
      this.#openedAt = this.#now();
      this.#trialAt = this.#openedAt + this.#settings.seconds * 1000;
    }
    this.#trying = false;
    this.#onProbation = false;
  }
}
