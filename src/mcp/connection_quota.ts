/**
 * Places for streams: so many in all, and so many for each address.
 *
 * @module
 */

/** How many there are. */
export interface QuotaLimits {
  max: number;
  maxPerAddress: number;
}

/** Places taken now. */
export class ConnectionQuota {
  readonly #limits: QuotaLimits;
  readonly #byAddress = new Map<string, number>();
  #taken = 0;

  constructor(limits: QuotaLimits) {
    this.#limits = limits;
  }

  /** Takes a place; null when there is none. The result gives it back and is idempotent. */
  acquire(address: string | undefined): (() => void) | null {
    const own = address === undefined ? 0 : this.#byAddress.get(address) ?? 0;
    if (this.#taken >= this.#limits.max || own >= this.#limits.maxPerAddress) return null;
    this.#taken++;
    if (address !== undefined) this.#byAddress.set(address, own + 1);
    let taken = true;
    return () => {
      if (!taken) return;
      taken = false;
      this.#taken--;
      if (address === undefined) return;
      const left = this.#byAddress.get(address)! - 1;
      if (left > 0) this.#byAddress.set(address, left);
      else this.#byAddress.delete(address);
    };
  }
}

/** How a client is named in the log: what it calls itself, shortened and on one line, and where it is. */
export function clientName(calls: { name: string; version: string } | undefined, address: string | undefined): string {
  const own = calls === undefined
    ? "an unnamed client"
    : JSON.stringify(`${calls.name} ${calls.version}`.slice(0, 100));
  return address === undefined ? own : `${own} at ${address}`;
}
