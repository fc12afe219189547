/**
 * Settings files as people have them: comments, odd layouts, other servers. All are valid for their clients. Comments of
 * the entry itself, which may go with it, have no blank behind their mark.
 */

/** Texts by client. */
export const CLIENT_FILES: Readonly<Record<string, readonly string[]>> = {
  "claude-code": [
    "",
    "{}",
    '{"mcpServers":{"a":{"type":"http","url":"http://x/mcp"}}}',
    '{\n\t"mcpServers": {\n\t\t"a": {\n\t\t\t"command": "npx",\n\t\t\t"args": ["-y", "a"]\n\t\t}\n\t}\n}\n',
  ],
  "claude-desktop": [
    '{\r\n  "globalShortcut": "",\r\n  "mcpServers": {\r\n    "fs": { "command": "npx", "args": [] }\r\n  }\r\n}\r\n',
    '\ufeff{ "mcpServers": {} }\n',
    '{\n  "mcpServers": {\n    "unimem": { "command": "old", "args": ["x"] },\n    "b": { "command": "c" }\n  }\n}',
    '{ "preferences": { "menuBarEnabled": false, "legacy": [1, 2, { "a": null }] } }\n',
  ],
  cursor: [
    '{\n    // mine\n    "mcpServers": {\n        "other": { "command": "x" }, // stays\n    },\n    "a": 1\n}\n',
    '/* head */\n{\n  "mcpServers": { /* none yet */ }\n}\n// foot\n',
    '{\n  "mcpServers": {\n    // old one\n    "unimem": {\n      //its address\n      "url": "http://old"\n    }\n  }\n}\n',
  ],
  vscode: [
    '{\n  "inputs": [\n    { "type": "promptString", "id": "key", "password": true },\n  ],\n  "servers": {\n  }\n}\n',
    '{"servers":{"a":{"type":"stdio","command":"a","env":{"A":"${input:key}"}}},"inputs":[]}',
  ],
  cline: [
    '{\n  "mcpServers": {\n    "g": {\n      "disabled": false,\n      "timeout": 60,\n      "autoApprove": ["a", "b"],\n      "command": "node"\n    }\n  }\n}',
    '{ "mcpServers": { "\\u0075nimem": { "url": "http://old" } } }',
  ],
  "copilot-cli": ['{ "mcpServers": { "a": { "type": "local", "command": "a", "tools": ["*"], "args": [] } } }\n', "\n"],
  devin: ['{\n  "mcpServers": {\n    "x": { "url": "https://x/mcp", "transport": "http" }\n  }\n}\n', "{\n}"],
  antigravity: ['{"mcpServers":{"x":{"serverUrl":"https://x","headers":{"A":"b"},"disabledTools":[]}}}\n'],
  "gemini-cli": [
    '{\n  "selectedAuthType": "oauth-personal",\n  "theme": "Dracula",\n  "mcpServers": {\n    "z": { "httpUrl": "https://z", "trust": true }\n  },\n  "allowMCPServers": ["z"]\n}\n',
  ],
  opencode: [
    '{\n  "$schema": "https://opencode.ai/config.json",\n  // models\n  "model": "a/b",\n  "mcp": {\n    "servers": {\n      "jira": { "type": "remote", "url": "https://j", },\n    },\n  },\n}\n',
    '{ "$schema": "https://opencode.ai/config.json" }',
  ],
  codex: [
    "",
    '# hi\nmodel = "x"\n\n[mcp_servers.other]\ncommand = "a" # c\n',
    'mcp_servers = { other = { command = "a", args = ["x"] } } # mine\nmodel="y"\n',
    'mcp_servers.other.command = "a"\nmcp_servers.other.args = [ # list\n "b",\n]\n[tui]\ntheme=\'dark\'\n',
    'notes = """\n[mcp_servers.unimem]\nurl = \'no\'\n"""\n[mcp_servers.other]\ncommand=\'x\'\n',
    '[mcp_servers.unimem]\n#keep\nurl = "http://old" #old\n\n[mcp_servers.unimem.env]\nA="1"\n\n[profiles.a]\nmodel="z"\n',
    "[\"mcp_servers\".'unimem']\nurl='x'\n[[arr]]\na=1\n[[arr]]\na=2\n",
    "a = 1\r\n[mcp_servers.other]\r\ncommand = 'x'\r\n",
    'mcp_servers = { unimem = { url = "old" }, other = { command = "a" } }\n',
    "[mcp_servers]\nother = { command = 'x' }\n\n[projects.\"/home/a b\"]\ntrust_level='trusted'\n",
    "d = 2024-01-01\nt = 07:32:00\nodt = 1979-05-27T07:32:00Z\nn=1_000\nf=1e3\nh=0xff\nbig=9007199254740993\n[x]\ny=1 # c\n",
    "a=1\n# a comment without an end",
    "[mcp_servers.other]\ncommand='x'\n[mcp_servers.other.env]\nK='v'\n\n# before profiles\n[profiles.p]\nx=1\n",
  ],
  goose: [
    "",
    "GOOSE_PROVIDER: openai\nGOOSE_MODEL: gpt-5.5 # the one\nextensions:\n  developer:\n    enabled: true\n    type: builtin\n    name: developer\n    bundled: true\n    # never more\n    timeout: 300\n",
    "extensions:\nGOOSE_MODE: auto\n",
    "extensions: {}\nGOOSE_MODE: 'auto'\n",
    "extensions: { developer: { enabled: true, type: builtin } } # short\n",
    "# mine\nextensions:\n    memory: &m\n        enabled: true\n        args: ['a', \"b\"]\n        text: |\n            two\n            lines\n    copy: *m\nlast: ~\n",
    "extensions:\r\n  unimem:\r\n    type: sse\r\n    uri: http://old\r\n  b:\r\n    enabled: no\r\n",
  ],
};
