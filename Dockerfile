# Unimem in a container: the service, its packages and the bundled model; no build tools in the last stage.

FROM denoland/deno:2.9.6 AS packages
WORKDIR /app
COPY deno.json deno.lock import_map.json ./
COPY src ./src
COPY models ./models
# Everything the service loads, parts that it loads on first use included, in exactly the versions of deno.lock.
RUN deno cache --frozen src/main.ts
# What V8 compiles is kept here too, because the image can't be written to later: the service starts faster and smaller.
COPY build/warm.ts ./
RUN deno run --quiet --allow-net=127.0.0.1 --allow-read --allow-write --allow-run=deno --allow-env warm.ts \
  deno run --quiet --cached-only --v8-flags=--max-semi-space-size=4 --no-prompt --no-remote --allow-net --allow-env --allow-sys=getPriority,homedir,hostname,osRelease,setPriority,statfs,systemMemoryInfo --allow-read=/app,/deno-dir,/data,/tmp --allow-write=/data,/tmp --allow-ffi=/deno-dir/npm,/lib/x86_64-linux-gnu/libc.so.6,/lib/aarch64-linux-gnu/libc.so.6 --allow-run=/proc/self/exe src/main.ts unified

FROM denoland/deno:2.9.6
WORKDIR /app
COPY --from=packages --chown=root:root /deno-dir /deno-dir
COPY --from=packages --chown=root:root /app /app
# The data folder is the only place that is written to: run with a read-only root file system.
RUN mkdir -p -m 700 /data && chown 1993:1993 /data
USER 1993:1993
VOLUME /data
ENV HOME=/data \
    DENO_NO_UPDATE_CHECK=1 \
    MCP_MEMORY_BASE_DIR=/data \
    MCP_HTTP_HOST=0.0.0.0 \
    MCP_SERVER_HOST=0.0.0.0
EXPOSE 8000 8001
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["deno", "eval", "--quiet", "const r = await fetch('http://127.0.0.1:8000/api/health'); Deno.exit(r.ok ? 0 : 1)"]
ENTRYPOINT ["deno", "run", "--quiet", "--cached-only", "--v8-flags=--max-semi-space-size=4", "--no-prompt", "--no-remote", "--allow-net", "--allow-env", "--allow-sys=getPriority,homedir,hostname,osRelease,setPriority,statfs,systemMemoryInfo", "--allow-read=/app,/deno-dir,/data,/tmp", "--allow-write=/data,/tmp", "--allow-ffi=/deno-dir/npm,/lib/x86_64-linux-gnu/libc.so.6,/lib/aarch64-linux-gnu/libc.so.6", "--allow-run=/proc/self/exe", "src/main.ts"]
CMD ["unified"]
