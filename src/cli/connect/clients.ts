/**
 * The clients that `connect` knows: where each keeps its settings, and how it names a server.
 *
 * @module
 */

import { posix, win32 } from "node:path";
import type { Place } from "../context.ts";

/** How the service is reached. */
export type Server =
  | { kind: "http"; url: string; key: string | null }
  | { kind: "stdio"; command: string; args: string[]; env: Record<string, string> };

/** What a client is given. */
export type Settings =
  /** An entry in a JSON file: `path` leads to it. */
  | { format: "json"; path: string[]; entry: Record<string, unknown> }
  /** A section of a TOML file. */
  | { format: "toml"; section: string; text: string }
  /** A file of its own. */
  | { format: "file"; text: string }
  /** What a person does or writes. */
  | { format: "text"; text: string };

/** A client. */
export interface Client {
  title: string;
  /** Its settings file; null where there is none that can be written. */
  file: ((place: Place) => string) | null;
  /** How its settings name a variable of the environment; null where they can't. */
  variable: ((name: string) => string) | null;
  /** Starts a command, and speaks to no URL. */
  stdioOnly?: boolean;
  /** Speaks to a URL, and starts no command. */
  httpOnly?: boolean;
  settings(name: string, server: Server): Settings;
}

const braces = (name: string) => `\${${name}}`, envBraces = (name: string) => `\${env:${name}}`;

/** A path in the folder for settings of applications. */
function inSettings(place: Place, ...names: string[]): string {
  if (place.os === "windows") {
    return win32.join(place.appData ?? win32.join(place.home, "AppData", "Roaming"), ...names);
  }
  return place.os === "darwin"
    ? posix.join(place.home, "Library", "Application Support", ...names)
    : posix.join(place.home, ".config", ...names);
}

/** A path in the user's home folder. */
function inHome({ os, home }: Place, ...names: string[]): string {
  return (os === "windows" ? win32 : posix).join(home, ...names);
}

function inProject({ os, cwd }: Place, ...names: string[]): string {
  return (os === "windows" ? win32 : posix).join(cwd, ...names);
}

const headersOf = (key: string | null) => key === null ? {} : { headers: { Authorization: `Bearer ${key}` } };
const commandOf = ({ command, args, env }: Extract<Server, { kind: "stdio" }>) => ({
  command,
  args,
  ...Object.keys(env).length > 0 ? { env } : {},
});

/** An entry of the object at `root`; `url` is what the client calls the address. */
function entryIn(root: string, url: string, extra: Record<string, unknown> = {}): Client["settings"] {
  return (name, server) => ({
    format: "json",
    path: [root, name],
    entry: server.kind === "stdio"
      ? { ...("type" in extra ? { type: "stdio" } : {}), ...commandOf(server) }
      : { ...extra, [url]: server.url, ...headersOf(server.key) },
  });
}

/** A TOML or YAML text in quotes; both read what JSON writes. */
const quoted = (text: string) => JSON.stringify(text);

/** By the name that `connect` is given. */
export const CLIENTS: Readonly<Record<string, Client>> = {
  "claude-code": {
    title: "Claude Code, in this project",
    file: (place) => inProject(place, ".mcp.json"),
    variable: braces,
    settings: entryIn("mcpServers", "url", { type: "http" }),
  },
  "claude-desktop": {
    title: "Claude Desktop",
    file: (place) => inSettings(place, "Claude", "claude_desktop_config.json"),
    variable: null,
    stdioOnly: true,
    settings: entryIn("mcpServers", "url"),
  },
  cursor: {
    title: "Cursor",
    file: (place) => inHome(place, ".cursor", "mcp.json"),
    variable: envBraces,
    settings: entryIn("mcpServers", "url"),
  },
  vscode: {
    title: "VS Code",
    file: (place) => inSettings(place, "Code", "User", "mcp.json"),
    variable: envBraces,
    settings: entryIn("servers", "url", { type: "http" }),
  },
  windsurf: {
    title: "Windsurf",
    file: (place) => inHome(place, ".codeium", "windsurf", "mcp_config.json"),
    variable: envBraces,
    settings: entryIn("mcpServers", "serverUrl"),
  },
  "gemini-cli": {
    title: "Gemini CLI",
    file: (place) => inHome(place, ".gemini", "settings.json"),
    variable: braces,
    settings: entryIn("mcpServers", "httpUrl"),
  },
  codex: {
    title: "Codex",
    file: (place) => inHome(place, ".codex", "config.toml"),
    // It reads the variable by itself.
    variable: (name) => name,
    settings: (name, server) => ({
      format: "toml",
      section: `mcp_servers.${name}`,
      text: server.kind === "stdio"
        ? [
          `command = ${quoted(server.command)}`,
          `args = [${server.args.map(quoted).join(", ")}]`,
          ...Object.keys(server.env).length > 0
            ? [`env = { ${Object.entries(server.env).map(([key, value]) => `${key} = ${quoted(value)}`).join(", ")} }`]
            : [],
        ].join("\n")
        : [
          `url = ${quoted(server.url)}`,
          ...server.key === null
            ? []
            : server.key === "MCP_API_KEY"
            ? ['bearer_token_env_var = "MCP_API_KEY"']
            : [`http_headers = { Authorization = ${quoted(`Bearer ${server.key}`)} }`],
        ].join("\n"),
    }),
  },
  zed: {
    title: "Zed",
    file: (place) =>
      place.os === "windows"
        ? inSettings(place, "Zed", "settings.json")
        : inHome(place, ".config", "zed", "settings.json"),
    variable: null,
    settings: entryIn("context_servers", "url"),
  },
  continue: {
    title: "Continue, in this project",
    file: (place) => inProject(place, ".continue", "mcpServers", "unimem.yaml"),
    variable: (name) => `\${{ secrets.${name} }}`,
    settings: (name, server) => ({
      format: "file",
      text: [
        `name: ${name}`,
        "version: 1.0.0",
        "schema: v1",
        "mcpServers:",
        `  - name: ${name}`,
        ...server.kind === "stdio"
          ? [
            "    type: stdio",
            `    command: ${quoted(server.command)}`,
            `    args: [${server.args.map(quoted).join(", ")}]`,
            ...Object.keys(server.env).length > 0 ? [`    env: ${JSON.stringify(server.env)}`] : [],
          ]
          : [
            "    type: streamable-http",
            `    url: ${quoted(server.url)}`,
            ...server.key === null
              ? []
              : ["    requestOptions:", "      headers:", `        Authorization: ${quoted(`Bearer ${server.key}`)}`],
          ],
        "",
      ].join("\n"),
    }),
  },
  chatgpt: {
    title: "ChatGPT",
    file: null,
    variable: null,
    httpOnly: true,
    settings: (name, server) => ({
      format: "text",
      text: [
        "ChatGPT reaches only addresses on the internet, over https. Put a proxy with a certificate in front of",
        `${
          server.kind === "http" ? server.url : ""
        }, set MCP_ALLOWED_HOSTS to its name, and then, in ChatGPT's settings`,
        `under Connectors, create a connector named ${name} with the address https://YOUR-HOST/mcp.`,
        "It sends no key of its own choosing: let the proxy add the header Authorization: Bearer MCP_API_KEY, and keep",
        "everybody else out.",
      ].join("\n"),
    }),
  },
  langgraph: {
    title: "LangGraph, in Python",
    file: null,
    // The lines read the variable by themselves.
    variable: (name) => name,
    settings: (name, server) => ({
      format: "text",
      text: [
        "import os",
        "from langchain_mcp_adapters.client import MultiServerMCPClient",
        "",
        "client = MultiServerMCPClient({",
        `    ${quoted(name)}: {`,
        ...server.kind === "stdio"
          ? [
            '        "transport": "stdio",',
            `        "command": ${quoted(server.command)},`,
            `        "args": [${server.args.map(quoted).join(", ")}],`,
            ...Object.keys(server.env).length > 0 ? [`        "env": ${JSON.stringify(server.env)},`] : [],
          ]
          : [
            '        "transport": "streamable_http",',
            `        "url": ${quoted(server.url)},`,
            ...server.key === null
              ? []
              : server.key === "MCP_API_KEY"
              ? [`        "headers": {"Authorization": "Bearer " + os.environ["MCP_API_KEY"]},`]
              : [`        "headers": {"Authorization": ${quoted(`Bearer ${server.key}`)}},`],
          ],
        "    }",
        "})",
        "tools = await client.get_tools()",
      ].join("\n"),
    }),
  },
  json: {
    title: "other clients, as most of them want it",
    file: null,
    variable: braces,
    settings: entryIn("mcpServers", "url", { type: "http" }),
  },
};
