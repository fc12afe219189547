/**
 * The plugin that OpenCode gets: a module of its own, since OpenCode has no hooks that run a command.
 *
 * @module
 */

/** What the file begins with, by which it is known to be ours. */
export const PLUGIN_MARK = "// Unimem in OpenCode, made by: unimem connect opencode --with-hooks";

/**
 * The plugin's text, for version 1 (`server`) and 2 (`setup`) of OpenCode.
 *
 * @param words The command that runs a hook; the event's name comes behind it.
 */
export function opencodePlugin(words: readonly string[]): string {
  return `${PLUGIN_MARK}
import { spawn } from "node:child_process";

const COMMAND = ${JSON.stringify(words)};
// Milliseconds after which a hook is given up; it ends by itself long before.
const LIMIT_MS = 10000;
// Most texts that are kept for a session's context, and most pages of messages that are read at once.
const MAX_TEXTS = 20, MAX_PAGES = 100;

// Runs a hook and gives the context it answers with. Whatever goes wrong, OpenCode goes on.
function hook(event, input) {
  return new Promise((resolve) => {
    let out = "";
    const end = () => {
      try {
        resolve(JSON.parse(out).context ?? null);
      } catch {
        resolve(null); // nothing was said
      }
    };
    try {
      const [program, ...args] = COMMAND;
      const child = spawn(program, [...args, event], { stdio: ["pipe", "pipe", "ignore"], windowsHide: true });
      const timer = setTimeout(() => child.kill(), LIMIT_MS);
      child.on("error", end).on("close", () => (clearTimeout(timer), end()));
      child.stdout.on("data", (data) => out += data);
      child.stdin.on("error", () => {});
      child.stdin.end(JSON.stringify(input));
    } catch {
      resolve(null);
    }
  });
}

// What is known of sessions. One thing at a time is done for each.
function sessionsIn(cwd, { messagesOf, parentOf }) {
  const known = new Map();
  const sessionOf = (id) => {
    if (!known.has(id)) known.set(id, { texts: [], begun: false, after: "", last: Promise.resolve() });
    return known.get(id);
  };
  const inTurn = (id, work) => {
    const session = sessionOf(id);
    session.last = session.last.then(async () => {
      // What an agent says to its helpers is no session of the user's.
      session.isChild ??= Boolean(await parentOf(id));
      if (!session.isChild) await work(session);
    }).catch(() => {});
    return session.last;
  };
  return {
    prompt: (id, prompt) =>
      inTurn(id, async (session) => {
        const input = { session_id: id, cwd };
        const texts = await Promise.all([
          session.begun ? null : hook("start", input),
          hook("prompt", { ...input, prompt }),
        ]);
        session.begun = true;
        session.texts = [...session.texts, ...texts.filter((text) => text !== null)].slice(-MAX_TEXTS);
      }),
    idle: (id) =>
      inTurn(id, async (session) => {
        const messages = await messagesOf(id, session.after);
        const ids = messages.map((message) => message.info?.id ?? message.id);
        if (ids.length === 0) return;
        await hook("turn", { session_id: id, cwd, messages });
        session.after = ids.at(-1);
      }),
    texts: (id) => known.get(id)?.texts ?? [],
  };
}

const isIdle = ({ type }, fields) =>
  type === "session.idle" || (type === "session.status" && fields?.status?.type === "idle");

export default {
  id: "unimem",
  async server({ client, directory }) {
    const sessions = sessionsIn(directory, {
      messagesOf: async (id, after) =>
        ((await client.session.messages({ path: { id } })).data ?? []).filter(({ info }) => info.id > after),
      parentOf: async (id) => (await client.session.get({ path: { id } })).data?.parentID,
    });
    return {
      "chat.message": async ({ sessionID }, { parts }) => {
        const said = parts.filter(({ type, synthetic }) => type === "text" && synthetic !== true);
        await sessions.prompt(sessionID, said.map(({ text }) => text).join("\\n"));
      },
      "experimental.chat.system.transform": async ({ sessionID }, { system }) => {
        const text = sessions.texts(sessionID).join("\\n\\n");
        // Some providers take one system text alone.
        if (text !== "") system.splice(0, 1, [...system.slice(0, 1), text].join("\\n\\n"));
      },
      event: async ({ event }) => {
        if (isIdle(event, event.properties)) await sessions.idle(event.properties.sessionID);
      },
    };
  },
  async setup(ctx) {
    const sessions = sessionsIn(ctx.location?.directory ?? process.cwd(), {
      messagesOf: async (sessionID, after) => {
        const messages = [];
        let cursor;
        for (let page = 0; page < MAX_PAGES; page++) {
          const found = await ctx.message.list({ sessionID, limit: 100, ...(cursor ? { cursor } : { order: "desc" }) });
          const fresh = found.data.filter(({ id }) => id > after);
          messages.push(...fresh);
          cursor = found.cursor?.next;
          if (!cursor || fresh.length < found.data.length) break;
        }
        return messages.reverse();
      },
      parentOf: async (sessionID) => {
        const found = await ctx.session.get({ sessionID });
        return (found.data ?? found).parentID;
      },
    });
    await ctx.session.hook("prompt", ({ sessionID, prompt }) => sessions.prompt(sessionID, prompt?.text ?? ""));
    await ctx.session.hook("context", ({ sessionID, system }) => {
      for (const text of sessions.texts(sessionID)) system.push({ type: "text", text });
    });
    const controller = new AbortController();
    void (async () => {
      try {
        for await (const event of ctx.event.subscribe({ signal: controller.signal })) {
          if (isIdle(event, event.data)) void sessions.idle(event.data.sessionID);
        }
      } catch { /* the stream ends with OpenCode */ }
    })();
    return () => controller.abort();
  },
};
`;
}
