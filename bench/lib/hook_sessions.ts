/**
 * Many sessions of a coding agent at once, whose hooks run as their client runs them, while the service is killed and
 * started in between. At the end every turn must be stored once, in order, and no process of a hook be left.
 *
 * @module
 */

import { join } from "node:path";
import { hookWords } from "../../src/cli/connect/hooks.ts";
import { HookFolder } from "../../src/hooks/folder.ts";
import { projectOf } from "../../src/hooks/project.ts";
import { Budget, HookService } from "../../src/hooks/service.ts";
import { sleep } from "./process.ts";

/** A service that runs. */
export interface Victim {
  pid: number;
  /** Ends it at once, without a word to it. */
  kill(): Promise<void>;
}

/** How many sessions, and what happens to them. */
export interface SessionsPlan {
  sessions: number;
  /** Exchanges of each session; a hook runs after each of them. */
  exchanges: number;
  /** Begins the sessions' names, where others have gone before. */
  prefix?: string;
  /** How often the service is killed meanwhile. */
  kills: number;
  /** Folder of the store. */
  folder: string;
  /** Starts the service over what its predecessor left. */
  start(): Promise<Victim>;
  /** A number from 0 to 1. */
  random(): number;
  onKill?(kills: number): void;
}

/** What came of it. */
export interface SessionsFigures {
  turns: number;
  hooks: number;
  kills: number;
  /** What is wrong, in words; each is empty when all is well. */
  lost: string[];
  twice: string[];
  outOfOrder: string[];
  /** Hooks that said something or failed, and processes that were there when all had ended. */
  loud: string[];
  left: string[];
}

const CLIENT = "claude-code";
/** Milliseconds in which what is left must be taken, and a page of what is stored be read. */
const PATIENCE_MS = 300_000;

/** Runs them all. The service that was started last goes on running. */
export async function hookSessions(plan: SessionsPlan): Promise<{ figures: SessionsFigures; victim: Victim }> {
  const figures: SessionsFigures = {
    ...{ turns: 0, hooks: 0, kills: 0 },
    ...{ lost: [], twice: [], outOfOrder: [], loud: [], left: [] },
  };
  const sessions = Array.from(
    { length: plan.sessions },
    (_, i) => new Session(`${plan.prefix ?? "s"}${i}`, plan, figures),
  );
  let victim = await plan.start(), done = false;
  const work = Promise.all(sessions.map((session) => session.run())).finally(() => done = true);
  for (; figures.kills < plan.kills; figures.kills++) {
    // Spread over the exchanges, of which some are over before each kill.
    const wanted = (figures.kills + plan.random()) / plan.kills * plan.sessions * plan.exchanges;
    while (!done && figures.hooks < wanted) await sleep(20);
    if (done) break;
    await victim.kill();
    plan.onKill?.(figures.kills + 1);
    // What is captured now waits.
    await sleep(500 + 1500 * plan.random());
    victim = await plan.start();
  }
  await work;
  // A hook whose time was up leaves its work to the next one.
  for (const session of sessions) await session.hook(60_000);
  await untilTaken(plan.folder);
  await check(plan.folder, sessions, figures);
  figures.left.push(...await processesOf(plan.folder, victim.pid));
  return { figures, victim };
}

class Session {
  readonly said: string[] = [];
  readonly #name: string;
  readonly #plan: SessionsPlan;
  readonly #figures: SessionsFigures;
  readonly #path: string;

  constructor(name: string, plan: SessionsPlan, figures: SessionsFigures) {
    this.#name = name;
    this.#plan = plan;
    this.#figures = figures;
    this.#path = join(plan.folder, `${name}.jsonl`);
  }

  get conversation(): string {
    return `${CLIENT}:${this.#name}`;
  }

  async run(): Promise<void> {
    for (let exchange = 0; exchange < this.#plan.exchanges; exchange++) {
      await this.#say("user", `${this.#name} asks ${exchange}: what about part ${exchange % 3}?`);
      await this.#say("assistant", `${this.#name} is answered ${exchange}: it is done.`);
      await this.hook();
    }
  }

  async #say(role: "user" | "assistant", text: string): Promise<void> {
    this.said.push(text);
    this.#figures.turns++;
    const line = {
      ...{ type: role, uuid: `${this.#name}-${this.said.length}`, sessionId: this.#name, cwd: this.#plan.folder },
      timestamp: new Date().toISOString(),
      message: { role, content: [{ type: "text", text }] },
    };
    await Deno.writeTextFile(this.#path, `${JSON.stringify(line)}\n`, { append: true });
  }

  /** The client calls its hook. @param budgetMs Milliseconds in place of the usual ones. */
  async hook(budgetMs?: number): Promise<void> {
    const [command = "", ...args] = hookWords(CLIENT, this.#plan.folder, null);
    const child = new Deno.Command(command, {
      args: [...args, ...budgetMs === undefined ? [] : ["--budget", String(budgetMs)]],
      cwd: this.#plan.folder,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const input = {
      hook_event_name: "Stop",
      session_id: this.#name,
      transcript_path: this.#path,
      cwd: this.#plan.folder,
    };
    const writer = child.stdin.getWriter();
    // One whose time is up has ended without reading it.
    await writer.write(new TextEncoder().encode(JSON.stringify(input))).then(() => writer.close()).catch(() => {});
    const { code, stdout, stderr } = await child.output();
    this.#figures.hooks++;
    if (code === 0 && stdout.length === 0 && stderr.length === 0) return;
    this.#figures.loud.push(
      `${this.#name}: ${code} ${new TextDecoder().decode(stdout)}${new TextDecoder().decode(stderr)}`,
    );
  }
}

/** Waits until the service has taken over what waits. */
async function untilTaken(folder: string): Promise<void> {
  const files = new HookFolder(folder), began = performance.now();
  while (files.waiting().length > 0) {
    if (performance.now() - began > PATIENCE_MS) throw new Error(`${files.waiting().length} captures still wait`);
    await sleep(200);
  }
}

interface Stored {
  content: string;
  conversation_id: string | null;
}

async function check(folder: string, sessions: readonly Session[], figures: SessionsFigures): Promise<void> {
  const stored = await storedIn(folder);
  for (const { said, conversation } of sessions) {
    const kept = stored.filter(({ conversation_id }) => conversation_id === conversation).map(({ content }) => content);
    const counts = Map.groupBy(kept, (content) => content);
    figures.lost.push(...said.filter((text) => !counts.has(text)));
    figures.twice.push(...[...counts].filter(([, all]) => all.length > 1).map(([text]) => text));
    if (kept.length === said.length && kept.some((text, i) => text !== said[i])) figures.outOfOrder.push(conversation);
  }
}

/** All memories of the project's space, oldest first. */
async function storedIn(folder: string): Promise<Stored[]> {
  const service = await HookService.find(folder, new Budget(performance.now() + PATIENCE_MS));
  const { space: spaces } = projectOf(folder);
  if (service === null) throw new Error("No service runs");
  const all: Stored[] = [];
  for (let page = 1;; page++) {
    const budget = new Budget(performance.now() + PATIENCE_MS);
    const answer = await service.call(`/api/memories?page=${page}&page_size=100&order=time`, null, { spaces, budget });
    if (answer?.status !== 200) throw new Error(`The list was answered ${JSON.stringify(answer)}`);
    const { memories, has_more } = answer.body as { memories: Stored[]; has_more: boolean };
    all.push(...memories);
    if (!has_more) return all;
  }
}

/** Processes beside the service whose command names the folder. */
async function processesOf(folder: string, service: number): Promise<string[]> {
  const { stdout } = await new Deno.Command("ps", { args: ["-A", "-o", "pid=,ppid=,args="] }).output();
  return new TextDecoder().decode(stdout).split("\n").filter((line) => {
    const [pid, parent] = line.trim().split(/\s+/).map(Number);
    return line.includes(folder) && pid !== service && parent !== service;
  });
}
