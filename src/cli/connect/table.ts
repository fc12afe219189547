/**
 * The clients that `connect` knows: where each keeps its settings, and how it names a server.
 *
 * @module
 */

import {
  braces,
  type Client,
  commandOf,
  entryIn,
  envBraces,
  headersOf,
  inConfig,
  inHome,
  inProject,
  inSettings,
  type Server,
} from "./client.ts";

/** Entries that say which kind of server they are of. */
const TYPED = { http: { type: "http" }, stdio: { type: "stdio" } };

/** A text in quotes, as Python and YAML read it too. */
const quoted = (text: string) => JSON.stringify(text);

/** By the name that `connect` is given. */
export const CLIENTS: Readonly<Record<string, Client>> = {
  "claude-code": {
    title: "Claude Code, in this project; with --user in all",
    file: (place) => inProject(place, ".mcp.json"),
    userFile: (place) => inHome(place, ".claude.json"),
    variable: braces,
    source: "https://code.claude.com/docs/en/mcp",
    settings: entryIn("mcpServers", "url", TYPED),
  },
  "claude-desktop": {
    title: "Claude Desktop",
    file: (place) => inSettings(place, "Claude", "claude_desktop_config.json"),
    variable: null,
    stdioOnly: true,
    source: "https://modelcontextprotocol.io/docs/develop/connect-local-servers",
    settings: entryIn("mcpServers", "url"),
  },
  cursor: {
    title: "Cursor, in all projects",
    file: (place) => inHome(place, ".cursor", "mcp.json"),
    variable: envBraces,
    source: "https://cursor.com/docs/context/mcp",
    settings: entryIn("mcpServers", "url"),
  },
  vscode: {
    title: "VS Code",
    file: (place) => inSettings(place, "Code", "User", "mcp.json"),
    variable: envBraces,
    source: "https://code.visualstudio.com/docs/agents/reference/mcp-configuration",
    settings: entryIn("servers", "url", TYPED),
  },
  cline: {
    title: "Cline in VS Code",
    file: (place) =>
      inSettings(
        place,
        ...["Code", "User", "globalStorage", "saoudrizwan.claude-dev", "settings", "cline_mcp_settings.json"],
      ),
    variable: null,
    source: "https://docs.cline.bot/mcp/configuring-mcp-servers",
    settings: entryIn("mcpServers", "url", { http: { type: "streamableHttp" }, stdio: { type: "stdio" } }),
  },
  "copilot-cli": {
    title: "GitHub Copilot CLI",
    file: (place) => inHome(place, ".copilot", "mcp-config.json"),
    variable: braces,
    source: "https://docs.github.com/en/copilot/how-tos/copilot-cli/customize-copilot/add-mcp-servers",
    settings: entryIn("mcpServers", "url", {
      http: { type: "http", tools: ["*"] },
      stdio: { type: "local", tools: ["*"] },
    }),
  },
  devin: {
    title: "Devin Desktop, before that Windsurf",
    file: (place) => inConfig(place, "devin", "mcp_config.json"),
    variable: envBraces,
    source: "https://docs.devin.ai/cli/extensibility/mcp/configuration",
    settings: entryIn("mcpServers", "url"),
  },
  windsurf: {
    title: "Windsurf, before it became Devin Desktop",
    file: (place) => inHome(place, ".codeium", "windsurf", "mcp_config.json"),
    variable: envBraces,
    source: "https://docs.devin.ai/desktop/cascade/mcp",
    unread: true,
    settings: entryIn("mcpServers", "serverUrl"),
  },
  antigravity: {
    title: "Google Antigravity",
    file: (place) => inHome(place, ".gemini", "config", "mcp_config.json"),
    variable: null,
    source: "https://antigravity.google/docs/mcp",
    settings: entryIn("mcpServers", "serverUrl"),
  },
  "gemini-cli": {
    title: "Gemini CLI, which organisations still have",
    file: (place) => inHome(place, ".gemini", "settings.json"),
    variable: braces,
    source: "https://geminicli.com/docs/tools/mcp-server",
    settings: entryIn("mcpServers", "httpUrl"),
  },
  codex: {
    title: "Codex",
    file: (place) => inHome(place, ".codex", "config.toml"),
    // It reads the variable by itself.
    variable: (name) => name,
    source: "https://developers.openai.com/codex/mcp",
    settings: (name, server) => ({
      format: "toml",
      path: ["mcp_servers", name],
      entry: server.kind === "stdio" ? commandOf(server) : {
        url: server.url,
        ...server.variable !== undefined
          ? { bearer_token_env_var: server.variable }
          : server.key === null
          ? {}
          : { http_headers: { Authorization: `Bearer ${server.key}` } },
      },
    }),
  },
  opencode: {
    title: "OpenCode",
    file: (place) => inHome(place, ".config", "opencode", "opencode.json"),
    variable: (name) => `{env:${name}}`,
    source: "https://opencode.ai/v2/docs/mcp-servers/",
    settings: (name, server) => ({
      format: "json",
      path: ["mcp", "servers", name],
      entry: server.kind === "http" ? { type: "remote", url: server.url, ...headersOf(server.key) } : {
        type: "local",
        command: [server.command, ...server.args],
        ...Object.keys(server.env).length > 0 ? { environment: server.env } : {},
      },
    }),
  },
  goose: {
    title: "Goose",
    file: (place) =>
      place.os === "windows"
        ? inSettings(place, "Block", "goose", "config", "config.yaml")
        : inHome(place, ".config", "goose", "config.yaml"),
    variable: braces,
    source: "https://block.github.io/goose/docs/getting-started/using-extensions",
    settings: (name, server) => ({
      format: "yaml",
      path: ["extensions", name],
      entry: {
        enabled: true,
        name,
        description: "Shared memory",
        timeout: 300,
        ...server.kind === "http"
          ? { type: "streamable_http", uri: server.url, ...headersOf(server.key) }
          : { type: "stdio", cmd: server.command, args: server.args, envs: server.env },
      },
    }),
  },
  "lm-studio": {
    title: "LM Studio",
    file: (place) => inHome(place, ".lmstudio", "mcp.json"),
    variable: null,
    source: "https://lmstudio.ai/docs/app/mcp",
    settings: entryIn("mcpServers", "url"),
  },
  zed: {
    title: "Zed",
    file: (place) => inConfig(place, place.os === "windows" ? "Zed" : "zed", "settings.json"),
    variable: null,
    source: "https://zed.dev/docs/ai/mcp",
    settings: entryIn("context_servers", "url"),
  },
  jetbrains: {
    title: "JetBrains IDEs: paste under Settings, Tools, AI Assistant, Model Context Protocol",
    file: null,
    variable: null,
    source: "https://www.jetbrains.com/help/ai-assistant/mcp.html",
    settings: entryIn("mcpServers", "url"),
  },
  continue: {
    title: "Continue, in this project",
    file: (place) => inProject(place, ".continue", "mcpServers", "unimem.yaml"),
    variable: (name) => `\${{ secrets.${name} }}`,
    variableIn: ".continue/.env",
    source: "https://docs.continue.dev/customize/deep-dives/mcp",
    settings: (name, server) => ({ format: "file", text: continueBlock(name, server) }),
  },
  librechat: {
    title: "LibreChat: name its librechat.yaml with --file",
    file: null,
    variable: braces,
    source: "https://www.librechat.ai/docs/configuration/librechat_yaml/object_structure/mcp_servers",
    settings: (name, server) => ({
      format: "yaml",
      path: ["mcpServers", name],
      entry: server.kind === "stdio"
        ? { type: "stdio", ...commandOf(server) }
        : { type: "streamable-http", url: server.url, ...headersOf(server.key) },
    }),
  },
  "open-webui": {
    title: "Open WebUI",
    file: null,
    variable: null,
    httpOnly: true,
    source: "https://docs.openwebui.com/features/extensibility/mcp/",
    settings: (name, server) => ({
      format: "text",
      text: [
        "As an administrator, open Settings, Admin, Integrations, and add a server (before 0.9: Admin Settings, External",
        "Tools):",
        "    Type         MCP (Streamable HTTP)",
        `    Server URL   ${addressOf(server)}`,
        `    Auth         ${keyOf(server)}`,
        `    Name         ${name}`,
        "Where Open WebUI runs in a container, the address is that of this machine as the container sees it, such as",
        "http://host.docker.internal:8001/mcp, and MCP_ALLOWED_HOSTS must hold that name.",
      ].join("\n"),
    }),
  },
  n8n: {
    title: "n8n",
    file: null,
    variable: null,
    httpOnly: true,
    source: "https://docs.n8n.io/integrations/builtin/cluster-nodes/sub-nodes/n8n-nodes-langchain.toolmcp/",
    settings: (name, server) => ({
      format: "text",
      text: [
        `Give the AI Agent node a tool of the type MCP Client Tool, named ${name}:`,
        `    MCP Endpoint URL   ${addressOf(server)}`,
        "    Server Transport   HTTP Streamable",
        `    Authentication     ${keyOf(server)}`,
      ].join("\n"),
    }),
  },
  chatgpt: {
    title: "ChatGPT",
    file: null,
    variable: null,
    httpOnly: true,
    source: "https://developers.openai.com/api/docs/guides/developer-mode",
    settings: (name, server) => ({
      format: "text",
      text: [
        "ChatGPT reaches only addresses on the internet, over https, and signs in by OAuth. Put a proxy with a certificate",
        `in front of ${
          addressOf(server)
        }, turn on OAuth (docs/oauth.md), and set MCP_ALLOWED_HOSTS to the proxy's name.`,
        "Then, in ChatGPT: Settings, Apps, Advanced settings, turn on Developer mode; Create app:",
        `    Name             ${name}`,
        "    MCP Server URL   https://YOUR-HOST/mcp",
        "    Authentication   OAuth",
      ].join("\n"),
    }),
  },
  langgraph: {
    title: "LangChain and LangGraph, in Python",
    file: null,
    // The lines read the variable by themselves.
    variable: (name) => name,
    source: "https://pypi.org/project/langchain/1.5.2/ (langchain.mcp)",
    settings: (name, server) => ({ format: "text", text: langchainLines(name, server) }),
  },
  json: {
    title: "other clients, as most of them want it",
    file: null,
    variable: braces,
    source: "https://modelcontextprotocol.io/docs/develop/connect-local-servers",
    settings: entryIn("mcpServers", "url", TYPED),
  },
};

const addressOf = (server: Server) => server.kind === "http" ? server.url : "";

function keyOf(server: Server): string {
  return server.kind === "http" && server.key !== null ? `Bearer, with ${server.key} as the token` : "None";
}

function continueBlock(name: string, server: Server): string {
  return [
    `name: ${quoted(name)}`,
    "version: 1.0.0",
    "schema: v1",
    "mcpServers:",
    `  - name: ${quoted(name)}`,
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
  ].join("\n");
}

function langchainLines(name: string, server: Server): string {
  const variable = server.kind === "http" ? server.variable : undefined;
  const entry = server.kind === "stdio" ? commandOf(server) : {
    url: server.url,
    ...server.key === null || variable !== undefined ? {} : headersOf(server.key),
  };
  const lines = JSON.stringify({ mcpServers: { [name]: entry } }, null, 4).split("\n");
  return [
    "# pip install langchain fastmcp",
    ...variable === undefined ? [] : ["import os", ""],
    "from langchain.mcp import MCPAdapter",
    "",
    `servers = ${lines.join("\n")}`,
    ...variable === undefined ? [] : [
      `servers["mcpServers"][${quoted(name)}]["headers"] = {"Authorization": f"Bearer {os.environ['${variable}']}"}`,
    ],
    "",
    "async with MCPAdapter(servers) as adapter:",
    "    tools = await adapter.list_tools()",
  ].join("\n");
}
