/**
 * A server that does nothing but answer, to see what the machine adds to an answer's time. Usage: idle_server.ts PORT
 *
 * @module
 */

Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.args[0]), onListen: () => {} }, () => new Response("ok"));
