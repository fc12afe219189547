/**
 * What runs when a client calls its hook: one short process that reads the event, does its work within its time, and never
 * fails its client.
 *
 * @module
 */

import { contextOutput, type HookClient, type HookEvent, type HookEventName, readEvent } from "./event.ts";
import { HookFolder } from "./folder.ts";
import { ignoreRules, isIgnored, omitting } from "./ignore.ts";
import { chosenSpaces, projectOf } from "./project.ts";
import { Budget, HookService } from "./service.ts";
import { withTranscript } from "./transcript.ts";

/** Milliseconds that a hook may take: for a prompt, which waits for it, and for everything else. */
const RECALL_MS = 500, OTHER_MS = 2000;
const NO_ANSWER = "The service did not answer in time";
/** The space of what isn't of one project. */
const PERSONAL_SPACE = "default";

/** How a hook was called. */
export interface HookCall {
  client: HookClient;
  /** The event as the hook was called with; by the input where it is null. */
  event: string | null;
  dataFolder: string;
  /** What the client gives on standard input; one that never ends it is not waited for. */
  input: string | Promise<string>;
  /** The folder the hook runs in. */
  cwd: string;
  /** The user's home folder, where clients keep transcripts that they don't name. */
  home?: string | undefined;
  /** Milliseconds in place of the usual ones. */
  budgetMs?: number | undefined;
}

/**
 * Runs a hook.
 *
 * @returns what the client is to be given on standard output; nothing where there is nothing to say. Never throws.
 */
export async function runHook(call: HookCall): Promise<string> {
  const folder = new HookFolder(call.dataFolder);
  let name: HookEventName | null = null;
  try {
    if (folder.isPaused()) return "";
    const budgetFor = (name: string | null) => new Budget(call.budgetMs ?? (name === "prompt" ? RECALL_MS : OTHER_MS));
    const input = await Promise.race([call.input, outOfTime(budgetFor(call.event))]);
    const event = readEvent(call.client, call.event, parsed(input), call.cwd);
    if (event === null) return "";
    ({ name } = event);
    const budget = budgetFor(event.name);
    return await Promise.race([handle(event, folder, budget, call), outOfTime(budget)]) ?? "";
  } catch (error) {
    failed(folder, call.client, name, error instanceof Error ? error.message : String(error));
    return "";
  }
}

async function handle(
  event: HookEvent,
  folder: HookFolder,
  budget: Budget,
  { dataFolder, home }: HookCall,
): Promise<string | null> {
  const rules = ignoreRules(folder);
  if (isIgnored(rules, event.folder)) return null;
  const service = await HookService.find(dataFolder, budget);
  const { space } = projectOf(event.folder, chosenSpaces(folder));
  const spaces = space === PERSONAL_SPACE ? space : `${space},${PERSONAL_SPACE}`;
  if (event.name === "prompt") {
    if (service === null) return null;
    const { recall } = await import("./recall.ts");
    const found = await recall(event, { folder, service, spaces, budget });
    if (found === undefined) throw new Error(NO_ANSWER);
    folder.note(event.client, (status) => status.recalled_at = new Date().toISOString());
    return found && contextOutput(event, found.context);
  }
  if (event.name === "start") {
    if (service === null) return null;
    const answer = await service.call("/api/briefing", null, { spaces, budget });
    if (answer?.status !== 200) throw new Error(answer === null ? NO_ANSWER : `The service answered ${answer.status}`);
    folder.note(event.client, (status) => status.recalled_at = new Date().toISOString());
    const { text } = answer.body as { text: string };
    return text === "" ? null : contextOutput(event, text);
  }
  const { capture, drain, isCaptured } = await import("./capture.ts");
  const options = { folder, service, space, budget, omit: omitting(rules) };
  const captured = await capture(withTranscript(event, home), options);
  if (captured !== null) {
    folder.note(event.client, (status) => {
      status.captured += captured.turns;
      status.captured_at = new Date().toISOString();
    });
  } else if (event.name === "turn" && isCaptured(event.client)) throw new Error(`${event.client} named no transcript`);
  if (service !== null && captured?.spooled !== true) await drain(folder, service, budget);
  if (captured?.refused != null) throw new Error(captured.refused);
  return null;
}

/** Ends a hook whose time is up with nothing said; what it had begun is done again by the next one. */
async function outOfTime(budget: Budget): Promise<never> {
  await new Promise((resolve) => Deno.unrefTimer(setTimeout(resolve, budget.left)));
  throw new Error("Its time was up");
}

function failed(folder: HookFolder, client: HookClient, event: HookEventName | null, message: string): void {
  try {
    folder.note(client, (status) => {
      status.failures++;
      status.failure = message;
      status.failed_at = new Date().toISOString();
      status.failed_event = event;
    });
  } catch { /* the folder can't be written to; its client must not learn of it */ }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
