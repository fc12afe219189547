#!/usr/bin/env bash
# The peer that Unimem is measured against: mcp-memory-service from PyPI with its ONNX embeddings and SQLite storage.
#
#   bench/peer.sh install           installs it, outside the project
#   bench/peer.sh check             exits 0 when it is installed
#   bench/peer.sh model             puts its model in place (install does so too) and prints which weights it has
#   bench/peer.sh run PORT FOLDER   serves REST on 127.0.0.1:PORT with its data in FOLDER
#   bench/peer.sh python ARGS...    runs its Python, for the scan of its vector extension alone
#
# PEER_HOME    where everything goes (the user's cache folder, unimem-bench/peer)
# PEER_VENV    a virtual environment that has the package already (PEER_HOME/venv)
# PEER_MODEL   a folder with all-MiniLM-L6-v2 as fp32 ONNX, which is what the peer's own users run: model.onnx (or
#              onnx/model.onnx), tokenizer.json, config.json, tokenizer_config.json, special_tokens_map.json.
#              Without it the int8 weights that come with Unimem are used.
# PEER_PYTHON  the Python that makes the environment (python3); its sqlite3 must allow loading extensions
set -euo pipefail

PACKAGE='mcp-memory-service[sqlite]==12.2.0'
ROOT=$(cd "$(dirname "$0")/.." && pwd)
HOME_FOLDER=${PEER_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/unimem-bench/peer}
VENV=${PEER_VENV:-$HOME_FOLDER/venv}
BUNDLED=$ROOT/models/all-MiniLM-L6-v2

fail() {
  echo "$1" >&2
  exit 2
}

install_package() {
  [ -x "$VENV/bin/memory" ] && return
  local python=${PEER_PYTHON:-python3}
  "$python" -c 'import sqlite3; sqlite3.connect(":memory:").enable_load_extension(True)' 2>/dev/null ||
    fail "Cannot use $python: its sqlite3 can't load extensions; set PEER_PYTHON to another, such as /usr/bin/python3"
  mkdir -p "$HOME_FOLDER"
  "$python" -m venv "$VENV"
  "$VENV/bin/pip" install --quiet --disable-pip-version-check "$PACKAGE"
}

# The peer looks for its model in the home folder and would download it otherwise.
prepare_model() {
  [ -x "$VENV/bin/memory" ] || fail "The peer isn't installed: run bench/peer.sh install"
  local from=${PEER_MODEL:-$BUNDLED} name weights
  local to=$HOME_FOLDER/home/.cache/mcp_memory/onnx_models/all-MiniLM-L6-v2/onnx
  for name in model.onnx onnx/model.onnx onnx/model_quantized.onnx; do
    [ -f "$from/$name" ] && weights=$from/$name && break
  done
  [ -n "${weights:-}" ] || fail "Cannot find ONNX weights in $from"
  mkdir -p "$to"
  cp -f "$weights" "$to/model.onnx"
  for name in tokenizer.json config.json tokenizer_config.json special_tokens_map.json; do
    cp -f "$from/$name" "$to/$name"
  done
  "$VENV/bin/python" - "$to" <<'PYTHON'
import json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
vocab = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
(folder / "vocab.txt").write_text("".join(f"{token}\n" for token in sorted(vocab, key=vocab.get)))
PYTHON
}

case ${1:-} in
install)
  install_package
  prepare_model
  ;;
model)
  prepare_model
  [ -n "${PEER_MODEL:-}" ] && echo "the weights of PEER_MODEL" || echo "Unimem's int8 weights"
  ;;
check)
  [ -x "$VENV/bin/memory" ]
  ;;
run)
  [ $# -eq 3 ] || fail "Usage: bench/peer.sh run PORT FOLDER"
  [ -x "$VENV/bin/memory" ] || fail "The peer isn't installed: run bench/peer.sh install"
  # Replaces this shell, so that its process id is the server's. Nothing of the caller's settings gets through.
  exec env -i PATH="$PATH" HOME="$HOME_FOLDER/home" LANG=C.UTF-8 \
    MCP_ALLOW_ANONYMOUS_ACCESS=true MCP_MEMORY_BASE_DIR="$3" MCP_MEMORY_SQLITE_PATH="$3/memory.db" \
    MCP_MEMORY_USE_ONNX=1 MCP_MEMORY_ONNX_ALLOW_DOWNLOAD=0 MCP_SEMANTIC_DEDUP_ENABLED=false \
    MCP_MDNS_ENABLED=false MCP_CONSOLIDATION_ENABLED=false MCP_QUALITY_SYSTEM_ENABLED=false \
    "$VENV/bin/memory" server --http --http-host 127.0.0.1 --http-port "$2"
  ;;
python)
  shift
  exec "$VENV/bin/python" "$@"
  ;;
*)
  fail "Usage: bench/peer.sh install | check | model | run PORT FOLDER | python ARGS..."
  ;;
esac
