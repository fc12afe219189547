/**
 * What each client needs, made by `deno task web` from src/cli/connect/table.ts.
 *
 * @module
 */

/** The address in the texts, in whose place the service's own belongs. */
export const ADDRESS = "http://127.0.0.1:8001/mcp";

/** `starts`: starts the service itself; `files`: the file that `connect --write` writes, by system. */
export const CLIENTS: readonly {
  id: string;
  title: string;
  format: "json" | "toml" | "yaml" | "file" | "text";
  starts: boolean;
  files: Record<"linux" | "mac" | "windows", string> | null;
  text: string;
  withKey: string;
}[] = [
  {
    "id": "claude-code",
    "title": "Claude Code, in this project; with --user in all",
    "format": "json",
    "starts": false,
    "files": {
      "linux": ".mcp.json",
      "mac": ".mcp.json",
      "windows": ".mcp.json"
    },
    "text": "{\n  \"mcpServers\": {\n    \"unimem\": {\n      \"type\": \"http\",\n      \"url\": \"http://127.0.0.1:8001/mcp\"\n    }\n  }\n}",
    "withKey": "{\n  \"mcpServers\": {\n    \"unimem\": {\n      \"type\": \"http\",\n      \"url\": \"http://127.0.0.1:8001/mcp\",\n      \"headers\": {\n        \"Authorization\": \"Bearer ${MCP_API_KEY}\"\n      }\n    }\n  }\n}"
  },
  {
    "id": "claude-desktop",
    "title": "Claude Desktop",
    "format": "json",
    "starts": true,
    "files": {
      "linux": "~/.config/Claude/claude_desktop_config.json",
      "mac": "~/Library/Application Support/Claude/claude_desktop_config.json",
      "windows": "%APPDATA%\\Claude\\claude_desktop_config.json"
    },
    "text": "{\n  \"mcpServers\": {\n    \"unimem\": {\n      \"command\": \"unimem\",\n      \"args\": [\n        \"stdio\"\n      ]\n    }\n  }\n}",
    "withKey": "{\n  \"mcpServers\": {\n    \"unimem\": {\n      \"command\": \"unimem\",\n      \"args\": [\n        \"stdio\"\n      ]\n    }\n  }\n}"
  },
  {
    "id": "cursor",
    "title": "Cursor, in all projects",
    "format": "json",
    "starts": false,
    "files": {
      "linux": "~/.cursor/mcp.json",
      "mac": "~/.cursor/mcp.json",
      "windows": "%USERPROFILE%\\.cursor\\mcp.json"
    },
    "text": "{\n  \"mcpServers\": {\n    \"unimem\": {\n      \"url\": \"http://127.0.0.1:8001/mcp\"\n    }\n  }\n}",
    "withKey": "{\n  \"mcpServers\": {\n    \"unimem\": {\n      \"url\": \"http://127.0.0.1:8001/mcp\",\n      \"headers\": {\n        \"Authorization\": \"Bearer ${env:MCP_API_KEY}\"\n      }\n    }\n  }\n}"
  },
  {
    "id": "vscode",
    "title": "VS Code",
    "format": "json",
    "starts": false,
    "files": {
      "linux": "~/.config/Code/User/mcp.json",
      "mac": "~/Library/Application Support/Code/User/mcp.json",
      "windows": "%APPDATA%\\Code\\User\\mcp.json"
    },
    "text": "{\n  \"servers\": {\n    \"unimem\": {\n      \"type\": \"http\",\n      \"url\": \"http://127.0.0.1:8001/mcp\"\n    }\n  }\n}",
    "withKey": "{\n  \"servers\": {\n    \"unimem\": {\n      \"type\": \"http\",\n      \"url\": \"http://127.0.0.1:8001/mcp\",\n      \"headers\": {\n        \"Authorization\": \"Bearer ${env:MCP_API_KEY}\"\n      }\n    }\n  }\n}"
  },
  {
    "id": "cline",
    "title": "Cline in VS Code",
    "format": "json",
    "starts": false,
    "files": {
      "linux": "~/.config/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json",
      "mac": "~/Library/Application Support/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json",
      "windows": "%APPDATA%\\Code\\User\\globalStorage\\saoudrizwan.claude-dev\\settings\\cline_mcp_settings.json"
    },
    "text": "{\n  \"mcpServers\": {\n    \"unimem\": {\n      \"type\": \"streamableHttp\",\n      \"url\": \"http://127.0.0.1:8001/mcp\"\n    }\n  }\n}",
    "withKey": "{\n  \"mcpServers\": {\n    \"unimem\": {\n      \"type\": \"streamableHttp\",\n      \"url\": \"http://127.0.0.1:8001/mcp\",\n      \"headers\": {\n        \"Authorization\": \"Bearer MCP_API_KEY\"\n      }\n    }\n  }\n}"
  },
  {
    "id": "copilot-cli",
    "title": "GitHub Copilot CLI",
    "format": "json",
    "starts": false,
    "files": {
      "linux": "~/.copilot/mcp-config.json",
      "mac": "~/.copilot/mcp-config.json",
      "windows": "%USERPROFILE%\\.copilot\\mcp-config.json"
    },
    "text": "{\n  \"mcpServers\": {\n    \"unimem\": {\n      \"type\": \"http\",\n      \"tools\": [\n        \"*\"\n      ],\n      \"url\": \"http://127.0.0.1:8001/mcp\"\n    }\n  }\n}",
    "withKey": "{\n  \"mcpServers\": {\n    \"unimem\": {\n      \"type\": \"http\",\n      \"tools\": [\n        \"*\"\n      ],\n      \"url\": \"http://127.0.0.1:8001/mcp\",\n      \"headers\": {\n        \"Authorization\": \"Bearer ${MCP_API_KEY}\"\n      }\n    }\n  }\n}"
  },
  {
    "id": "devin",
    "title": "Devin Desktop, before that Windsurf",
    "format": "json",
    "starts": false,
    "files": {
      "linux": "~/.config/devin/mcp_config.json",
      "mac": "~/.config/devin/mcp_config.json",
      "windows": "%APPDATA%\\devin\\mcp_config.json"
    },
    "text": "{\n  \"mcpServers\": {\n    \"unimem\": {\n      \"url\": \"http://127.0.0.1:8001/mcp\"\n    }\n  }\n}",
    "withKey": "{\n  \"mcpServers\": {\n    \"unimem\": {\n      \"url\": \"http://127.0.0.1:8001/mcp\",\n      \"headers\": {\n        \"Authorization\": \"Bearer ${env:MCP_API_KEY}\"\n      }\n    }\n  }\n}"
  },
  {
    "id": "windsurf",
    "title": "Windsurf, before it became Devin Desktop",
    "format": "json",
    "starts": false,
    "files": {
      "linux": "~/.codeium/windsurf/mcp_config.json",
      "mac": "~/.codeium/windsurf/mcp_config.json",
      "windows": "%USERPROFILE%\\.codeium\\windsurf\\mcp_config.json"
    },
    "text": "{\n  \"mcpServers\": {\n    \"unimem\": {\n      \"serverUrl\": \"http://127.0.0.1:8001/mcp\"\n    }\n  }\n}",
    "withKey": "{\n  \"mcpServers\": {\n    \"unimem\": {\n      \"serverUrl\": \"http://127.0.0.1:8001/mcp\",\n      \"headers\": {\n        \"Authorization\": \"Bearer ${env:MCP_API_KEY}\"\n      }\n    }\n  }\n}"
  },
  {
    "id": "antigravity",
    "title": "Google Antigravity",
    "format": "json",
    "starts": false,
    "files": {
      "linux": "~/.gemini/config/mcp_config.json",
      "mac": "~/.gemini/config/mcp_config.json",
      "windows": "%USERPROFILE%\\.gemini\\config\\mcp_config.json"
    },
    "text": "{\n  \"mcpServers\": {\n    \"unimem\": {\n      \"serverUrl\": \"http://127.0.0.1:8001/mcp\"\n    }\n  }\n}",
    "withKey": "{\n  \"mcpServers\": {\n    \"unimem\": {\n      \"serverUrl\": \"http://127.0.0.1:8001/mcp\",\n      \"headers\": {\n        \"Authorization\": \"Bearer MCP_API_KEY\"\n      }\n    }\n  }\n}"
  },
  {
    "id": "gemini-cli",
    "title": "Gemini CLI, which organisations still have",
    "format": "json",
    "starts": false,
    "files": {
      "linux": "~/.gemini/settings.json",
      "mac": "~/.gemini/settings.json",
      "windows": "%USERPROFILE%\\.gemini\\settings.json"
    },
    "text": "{\n  \"mcpServers\": {\n    \"unimem\": {\n      \"httpUrl\": \"http://127.0.0.1:8001/mcp\"\n    }\n  }\n}",
    "withKey": "{\n  \"mcpServers\": {\n    \"unimem\": {\n      \"httpUrl\": \"http://127.0.0.1:8001/mcp\",\n      \"headers\": {\n        \"Authorization\": \"Bearer ${MCP_API_KEY}\"\n      }\n    }\n  }\n}"
  },
  {
    "id": "codex",
    "title": "Codex",
    "format": "toml",
    "starts": false,
    "files": {
      "linux": "~/.codex/config.toml",
      "mac": "~/.codex/config.toml",
      "windows": "%USERPROFILE%\\.codex\\config.toml"
    },
    "text": "[mcp_servers.unimem]\nurl = \"http://127.0.0.1:8001/mcp\"",
    "withKey": "[mcp_servers.unimem]\nurl = \"http://127.0.0.1:8001/mcp\"\nbearer_token_env_var = \"MCP_API_KEY\""
  },
  {
    "id": "opencode",
    "title": "OpenCode",
    "format": "json",
    "starts": false,
    "files": {
      "linux": "~/.config/opencode/opencode.json",
      "mac": "~/.config/opencode/opencode.json",
      "windows": "%USERPROFILE%\\.config\\opencode\\opencode.json"
    },
    "text": "{\n  \"mcp\": {\n    \"servers\": {\n      \"unimem\": {\n        \"type\": \"remote\",\n        \"url\": \"http://127.0.0.1:8001/mcp\"\n      }\n    }\n  }\n}",
    "withKey": "{\n  \"mcp\": {\n    \"servers\": {\n      \"unimem\": {\n        \"type\": \"remote\",\n        \"url\": \"http://127.0.0.1:8001/mcp\",\n        \"headers\": {\n          \"Authorization\": \"Bearer {env:MCP_API_KEY}\"\n        }\n      }\n    }\n  }\n}"
  },
  {
    "id": "goose",
    "title": "Goose",
    "format": "yaml",
    "starts": false,
    "files": {
      "linux": "~/.config/goose/config.yaml",
      "mac": "~/.config/goose/config.yaml",
      "windows": "%APPDATA%\\Block\\goose\\config\\config.yaml"
    },
    "text": "extensions:\n  unimem:\n    enabled: true\n    name: unimem\n    description: Shared memory\n    timeout: 300\n    type: streamable_http\n    uri: http://127.0.0.1:8001/mcp",
    "withKey": "extensions:\n  unimem:\n    enabled: true\n    name: unimem\n    description: Shared memory\n    timeout: 300\n    type: streamable_http\n    uri: http://127.0.0.1:8001/mcp\n    headers:\n      Authorization: Bearer ${MCP_API_KEY}"
  },
  {
    "id": "lm-studio",
    "title": "LM Studio",
    "format": "json",
    "starts": false,
    "files": {
      "linux": "~/.lmstudio/mcp.json",
      "mac": "~/.lmstudio/mcp.json",
      "windows": "%USERPROFILE%\\.lmstudio\\mcp.json"
    },
    "text": "{\n  \"mcpServers\": {\n    \"unimem\": {\n      \"url\": \"http://127.0.0.1:8001/mcp\"\n    }\n  }\n}",
    "withKey": "{\n  \"mcpServers\": {\n    \"unimem\": {\n      \"url\": \"http://127.0.0.1:8001/mcp\",\n      \"headers\": {\n        \"Authorization\": \"Bearer MCP_API_KEY\"\n      }\n    }\n  }\n}"
  },
  {
    "id": "zed",
    "title": "Zed",
    "format": "json",
    "starts": false,
    "files": {
      "linux": "~/.config/zed/settings.json",
      "mac": "~/.config/zed/settings.json",
      "windows": "%APPDATA%\\Zed\\settings.json"
    },
    "text": "{\n  \"context_servers\": {\n    \"unimem\": {\n      \"url\": \"http://127.0.0.1:8001/mcp\"\n    }\n  }\n}",
    "withKey": "{\n  \"context_servers\": {\n    \"unimem\": {\n      \"url\": \"http://127.0.0.1:8001/mcp\",\n      \"headers\": {\n        \"Authorization\": \"Bearer MCP_API_KEY\"\n      }\n    }\n  }\n}"
  },
  {
    "id": "jetbrains",
    "title": "JetBrains IDEs: paste under Settings, Tools, AI Assistant, Model Context Protocol",
    "format": "json",
    "starts": false,
    "files": null,
    "text": "{\n  \"mcpServers\": {\n    \"unimem\": {\n      \"url\": \"http://127.0.0.1:8001/mcp\"\n    }\n  }\n}",
    "withKey": "{\n  \"mcpServers\": {\n    \"unimem\": {\n      \"url\": \"http://127.0.0.1:8001/mcp\",\n      \"headers\": {\n        \"Authorization\": \"Bearer MCP_API_KEY\"\n      }\n    }\n  }\n}"
  },
  {
    "id": "continue",
    "title": "Continue, in this project",
    "format": "file",
    "starts": false,
    "files": {
      "linux": ".continue/mcpServers/unimem.yaml",
      "mac": ".continue/mcpServers/unimem.yaml",
      "windows": ".continue\\mcpServers\\unimem.yaml"
    },
    "text": "name: \"unimem\"\nversion: 1.0.0\nschema: v1\nmcpServers:\n  - name: \"unimem\"\n    type: streamable-http\n    url: \"http://127.0.0.1:8001/mcp\"",
    "withKey": "name: \"unimem\"\nversion: 1.0.0\nschema: v1\nmcpServers:\n  - name: \"unimem\"\n    type: streamable-http\n    url: \"http://127.0.0.1:8001/mcp\"\n    requestOptions:\n      headers:\n        Authorization: \"Bearer ${{ secrets.MCP_API_KEY }}\""
  },
  {
    "id": "librechat",
    "title": "LibreChat: name its librechat.yaml with --file",
    "format": "yaml",
    "starts": false,
    "files": null,
    "text": "mcpServers:\n  unimem:\n    type: streamable-http\n    url: http://127.0.0.1:8001/mcp",
    "withKey": "mcpServers:\n  unimem:\n    type: streamable-http\n    url: http://127.0.0.1:8001/mcp\n    headers:\n      Authorization: Bearer ${MCP_API_KEY}"
  },
  {
    "id": "open-webui",
    "title": "Open WebUI",
    "format": "text",
    "starts": false,
    "files": null,
    "text": "As an administrator, open Settings, Admin, Integrations, and add a server (before 0.9: Admin Settings, External\nTools):\n    Type         MCP (Streamable HTTP)\n    Server URL   http://127.0.0.1:8001/mcp\n    Auth         None\n    Name         unimem\nWhere Open WebUI runs in a container, the address is that of this machine as the container sees it, such as\nhttp://host.docker.internal:8001/mcp, and MCP_ALLOWED_HOSTS must hold that name.",
    "withKey": "As an administrator, open Settings, Admin, Integrations, and add a server (before 0.9: Admin Settings, External\nTools):\n    Type         MCP (Streamable HTTP)\n    Server URL   http://127.0.0.1:8001/mcp\n    Auth         Bearer, with MCP_API_KEY as the token\n    Name         unimem\nWhere Open WebUI runs in a container, the address is that of this machine as the container sees it, such as\nhttp://host.docker.internal:8001/mcp, and MCP_ALLOWED_HOSTS must hold that name."
  },
  {
    "id": "n8n",
    "title": "n8n",
    "format": "text",
    "starts": false,
    "files": null,
    "text": "Give the AI Agent node a tool of the type MCP Client Tool, named unimem:\n    MCP Endpoint URL   http://127.0.0.1:8001/mcp\n    Server Transport   HTTP Streamable\n    Authentication     None",
    "withKey": "Give the AI Agent node a tool of the type MCP Client Tool, named unimem:\n    MCP Endpoint URL   http://127.0.0.1:8001/mcp\n    Server Transport   HTTP Streamable\n    Authentication     Bearer, with MCP_API_KEY as the token"
  },
  {
    "id": "chatgpt",
    "title": "ChatGPT",
    "format": "text",
    "starts": false,
    "files": null,
    "text": "ChatGPT reaches only addresses on the internet, over https, and signs in by OAuth. Put a proxy with a certificate\nin front of http://127.0.0.1:8001/mcp, turn on OAuth (docs/oauth.md), and set MCP_ALLOWED_HOSTS to the proxy's name.\nThen, in ChatGPT: Settings, Apps, Advanced settings, turn on Developer mode; Create app:\n    Name             unimem\n    MCP Server URL   https://YOUR-HOST/mcp\n    Authentication   OAuth",
    "withKey": "ChatGPT reaches only addresses on the internet, over https, and signs in by OAuth. Put a proxy with a certificate\nin front of http://127.0.0.1:8001/mcp, turn on OAuth (docs/oauth.md), and set MCP_ALLOWED_HOSTS to the proxy's name.\nThen, in ChatGPT: Settings, Apps, Advanced settings, turn on Developer mode; Create app:\n    Name             unimem\n    MCP Server URL   https://YOUR-HOST/mcp\n    Authentication   OAuth"
  },
  {
    "id": "langgraph",
    "title": "LangChain and LangGraph, in Python",
    "format": "text",
    "starts": false,
    "files": null,
    "text": "# pip install langchain fastmcp\nfrom langchain.mcp import MCPAdapter\n\nservers = {\n    \"mcpServers\": {\n        \"unimem\": {\n            \"url\": \"http://127.0.0.1:8001/mcp\"\n        }\n    }\n}\n\nasync with MCPAdapter(servers) as adapter:\n    tools = await adapter.list_tools()",
    "withKey": "# pip install langchain fastmcp\nimport os\n\nfrom langchain.mcp import MCPAdapter\n\nservers = {\n    \"mcpServers\": {\n        \"unimem\": {\n            \"url\": \"http://127.0.0.1:8001/mcp\"\n        }\n    }\n}\nservers[\"mcpServers\"][\"unimem\"][\"headers\"] = {\"Authorization\": f\"Bearer {os.environ['MCP_API_KEY']}\"}\n\nasync with MCPAdapter(servers) as adapter:\n    tools = await adapter.list_tools()"
  },
  {
    "id": "json",
    "title": "other clients, as most of them want it",
    "format": "json",
    "starts": false,
    "files": null,
    "text": "{\n  \"mcpServers\": {\n    \"unimem\": {\n      \"type\": \"http\",\n      \"url\": \"http://127.0.0.1:8001/mcp\"\n    }\n  }\n}",
    "withKey": "{\n  \"mcpServers\": {\n    \"unimem\": {\n      \"type\": \"http\",\n      \"url\": \"http://127.0.0.1:8001/mcp\",\n      \"headers\": {\n        \"Authorization\": \"Bearer ${MCP_API_KEY}\"\n      }\n    }\n  }\n}"
  }
];
