#!/bin/sh
# Runs Unimem's hook for the event named. A session without the command goes on as if the plugin weren't there, and is
# told of it once, at its start.
if command -v unimem >/dev/null 2>&1; then
  exec unimem hook run "$1" --client claude-code
fi
if [ "$1" = start ]; then
  printf '%s\n' '{"systemMessage":"Unimem keeps nothing of this session: the command unimem is not on the PATH (npm install -g unimem)"}'
fi
exit 0
