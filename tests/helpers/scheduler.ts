/**
 * The order in which the requests of several processes reach a server, for tests that try many of them.
 *
 * @module
 */

/** Requests in a row that one process may make while another waits. */
const LONGEST_TURN = 14;

/** Lets requests through one by one, in an order that choices give. */
export class Scheduler {
  readonly #waiting: { client: string; pass: () => void }[] = [];
  readonly #done = new Set<string>();
  #turns = { client: "", count: 0 };
  #changed = () => {};
  readonly order: string[] = [];

  /** @param choose One of so many. */
  constructor(readonly choose: (count: number) => number) {}

  gate(client: string, name: string): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ client, pass: () => (this.order.push(`${client}: ${name}`), resolve()) });
      this.#changed();
    });
  }

  ended(client: string): void {
    this.#done.add(client);
    this.#changed();
  }

  /** Runs until all clients have ended. */
  async run(clients: readonly string[]): Promise<void> {
    while (true) {
      const running = clients.filter((client) => !this.#done.has(client));
      if (running.length === 0) return;
      if (!running.every((client) => this.#waiting.some((request) => request.client === client))) {
        await new Promise<void>((resolve) => this.#changed = resolve);
        continue;
      }
      const { client, count } = this.#turns;
      const others = this.#waiting.filter((request) => request.client !== client);
      const from = count >= LONGEST_TURN && others.length > 0 ? others : this.#waiting;
      const next = from[this.choose(from.length)]!;
      this.#turns = { client: next.client, count: next.client === client ? count + 1 : 1 };
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      next.pass();
    }
  }
}

/** Choices by chance, the same ones each time. */
export function* orders(most: number): Generator<(count: number) => number> {
  let seed = 1;
  const random = () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  for (let run = 0; run < most; run++) yield (count) => Math.floor(random() * count);
}
