/**
 * Reads an event stream as clients do.
 *
 * @module
 */

/** An event as it came. */
export interface ReceivedEvent {
  id: string;
  type: string;
  // deno-lint-ignore no-explicit-any
  data: any;
  retry: string | undefined;
}

/** Reads events one by one; a stream that brings nothing for half a minute fails the test. */
export class EventReader implements AsyncDisposable {
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #received: ReceivedEvent[] = [];
  #text = "";

  constructor(readonly response: Response) {
    // deno-lint-ignore no-explicit-any
    this.#reader = response.body!.pipeThrough(new TextDecoderStream() as any).getReader() as any;
  }

  /** The next event, of a type when one is given; undefined at the end of the stream. */
  async next(type?: string): Promise<ReceivedEvent | undefined> {
    while (true) {
      const event = this.#received.shift();
      if (event !== undefined && (type === undefined || event.type === type)) return event;
      if (event === undefined && !await this.#read()) return undefined;
    }
  }

  /** The next events. */
  async take(count: number): Promise<ReceivedEvent[]> {
    const events: ReceivedEvent[] = [];
    while (events.length < count) events.push((await this.next())!);
    return events;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }

  async #read(): Promise<boolean> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("Waited 30 s for an event")), 30_000);
    });
    try {
      const { done, value } = await Promise.race([this.#reader.read(), late]);
      if (done) return false;
      this.#text += value;
    } finally {
      clearTimeout(timer);
    }
    const blocks = this.#text.split("\n\n");
    this.#text = blocks.pop()!;
    this.#received.push(...blocks.map(parse));
    return true;
  }
}

function parse(block: string): ReceivedEvent {
  const fields = new Map(
    block.split("\n").map((line): [string, string] => {
      const colon = line.indexOf(": ");
      return [line.slice(0, colon), line.slice(colon + 2)];
    }),
  );
  return {
    id: fields.get("id") ?? "",
    type: fields.get("event") ?? "",
    data: JSON.parse(fields.get("data") ?? "null"),
    retry: fields.get("retry"),
  };
}
