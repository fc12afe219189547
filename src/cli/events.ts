/**
 * `events`: what happens, as it happens.
 *
 * @module
 */

import { type Command, Option } from "commander";
import { MemoryError } from "../errors.ts";
import { type ClientContext, examples, paint, printable } from "./context.ts";
import { collect, collectTags } from "./filters.ts";
import { running } from "./remote.ts";

interface Options {
  type?: string[];
  tag?: string[];
  json?: boolean;
}

/** An event as it came. */
interface Received {
  id: string | null;
  type: string;
  data: Record<string, unknown>;
}

/** What says only that the stream is alive. */
const SILENT: ReadonlySet<string> = new Set(["heartbeat", "connection_established"]);

/** Adds the command. */
export function addEvents(program: Command, context: ClientContext): void {
  program.command("events").description("follow what happens in the running service, until Ctrl-C")
    .addOption(new Option("--type <type>", "only such as memory_stored; may be repeated").argParser(collect))
    .option("-t, --tag <tag>", "only about memories with this label; may be repeated", collectTags)
    .option("--json", "a line of JSON for each")
    .addHelpText("after", examples(["events", "events --type memory_stored --tag infra --json"]))
    .action((options: Options) => runEvents(context, options));
}

async function runEvents(context: ClientContext, { type, tag, json }: Options): Promise<void> {
  const service = await running(context);
  if (service === null) {
    // This process would hear itself alone.
    throw new MemoryError(
      "unavailable",
      "Cannot follow events: no service runs over this data folder; start it: unimem",
    );
  }
  const response = await service.stream("streamEvents", { types: type, tag }, { types: "--type", tag: "--tag" });
  try {
    for await (const { id, type, data } of eventsOf(response.body!)) {
      if (SILENT.has(type)) continue;
      if (json) context.print(JSON.stringify({ id, type, ...data }));
      else {
        const { timestamp, message, content_preview, content_hash } = data, text = String(message ?? "");
        const about = [content_hash, content_preview].filter((fact) => typeof fact === "string").join("  ");
        context.print(
          `${paint(context, "dim", String(timestamp ?? ""))}  ${type}  ${printable(`${text}  ${about}`.trim())}`,
        );
      }
    }
  } catch (error) {
    if (context.signal.aborted) return;
    throw new MemoryError("unavailable", `Cannot follow events any more: ${service.url} is gone`, { cause: error });
  }
  if (context.signal.aborted) return;
  throw new MemoryError("unavailable", `Cannot follow events any more: ${service.url} has stopped`);
}

/** The events of a stream in the form of `text/event-stream`. */
async function* eventsOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<Received> {
  let rest = "", event: { id: string | null; type: string; data: string[] } = { id: null, type: "message", data: [] };
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const [, name, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line.replace(/\r$/, "")) ?? [];
      if (line.trim() === "") {
        if (event.data.length > 0) yield { ...event, data: JSON.parse(event.data.join("\n")) };
        event = { id: event.id, type: "message", data: [] };
      } else if (name === "event") event.type = value;
      else if (name === "id") event.id = value;
      else if (name === "data") event.data.push(value);
    }
  }
}
