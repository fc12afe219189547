/**
 * Fetching a document from an address that a stranger gave: over https only, from public addresses only, without
 * redirects, bounded in size and time. The connection goes to the very address that was checked, so that a name which
 * means another address a moment later (DNS rebinding) leads nowhere.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import https from "node:https";
import { BlockList, isIP } from "node:net";

/** What came back. */
export interface Fetched {
  status: number;
  contentType: string;
  /** Seconds for which it may be kept, as `Cache-Control` says; null where it doesn't. */
  maxAge: number | null;
  text: string;
}

/** Fetches a document. Rejects with an `Error` whose message says why, in words for the person who asks. */
export type FetchDocument = (url: string) => Promise<Fetched>;

/** How to fetch. */
export interface PublicFetchOptions {
  /** Milliseconds for all of it. */
  timeoutMs?: number;
  maxBytes?: number;
  /** Whether addresses of this machine are fetched from too. For tests. */
  allowLoopback?: boolean;
  /** Certificates trusted besides those of the system, in PEM. For tests. */
  ca?: string;
  /** Addresses of a name. For tests. */
  resolve?: (name: string) => Promise<{ address: string; family: number }[]>;
}

/** Addresses that are not the internet's: RFC 6890 and what cloud providers keep beside a machine. */
const PRIVATE: readonly [address: string, bits: number][] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
];
/** The only addresses of IPv6 that are given out for the internet, and those among them that lead elsewhere. */
const GLOBAL_6: [string, number] = ["2000::", 3];
const PRIVATE_6: readonly [address: string, bits: number][] = [["2001::", 23], ["2001:db8::", 32], ["2002::", 16], [
  "3fff::",
  20,
]];

/** Makes a function that fetches public documents. */
export function publicFetch(options: PublicFetchOptions = {}): FetchDocument {
  const { timeoutMs = 5000, maxBytes = 64 * 1024, allowLoopback = false } = options;
  const resolve = options.resolve ?? ((name) => lookup(name, { all: true }));
  return async (text) => {
    const url = new URL(text);
    if (url.protocol !== "https:") throw new Error("it is not an https address");
    const name = url.hostname.replace(/^\[(.*)\]$/, "$1"), deadline = AbortSignal.timeout(timeoutMs);
    const found = isIP(name) === 0
      ? await within(resolve(name).catch(() => []), deadline)
      : [{ address: name, family: isIP(name) }];
    if (found.length === 0) throw new Error("its name can't be resolved");
    // One private address among several is enough to refuse: which one is used must not be chance.
    if (!found.every(({ address }) => isPublic(address) || allowLoopback && isLoopbackAddress(address))) {
      throw new Error("its name leads to an address that is not on the internet");
    }
    return await get(url, found[0]!, { signal: deadline, maxBytes, ca: options.ca });
  };
}

const blocked = new BlockList(), global6 = new BlockList(), loopback = new BlockList();
for (const [address, bits] of PRIVATE) blocked.addSubnet(address, bits, "ipv4");
for (const [address, bits] of PRIVATE_6) blocked.addSubnet(address, bits, "ipv6");
global6.addSubnet(...GLOBAL_6, "ipv6");
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Whether an address is one of the internet's. */
export function isPublic(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !blocked.check(address, "ipv4");
    case 6:
      return global6.check(address, "ipv6") && !blocked.check(address, "ipv6");
    default:
      return false;
  }
}

function isLoopbackAddress(address: string): boolean {
  return isIP(address) !== 0 && loopback.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");
}

function get(
  url: URL,
  { address, family }: { address: string; family: number },
  { signal, maxBytes, ca }: { signal: AbortSignal; maxBytes: number; ca: string | undefined },
): Promise<Fetched> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => {
      request.destroy();
      reject(new Error(reason));
    };
    const request = https.request({
      hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"),
      port: url.port === "" ? 443 : Number(url.port),
      path: url.pathname + url.search,
      method: "GET",
      headers: { Accept: "application/json", "Accept-Encoding": "identity", "User-Agent": "unimem" },
      agent: false,
      ...ca === undefined ? {} : { ca },
      // deno-lint-ignore no-explicit-any -- Node's callback has two forms
      lookup: (_name: string, given: any, done: any) =>
        given?.all ? done(null, [{ address, family }]) : done(null, address, family),
    }, (response) => {
      const chunks: Uint8Array[] = [];
      let size = 0;
      response.on("data", (chunk: Uint8Array) => {
        chunks.push(chunk);
        if ((size += chunk.length) > maxBytes) fail(`it has more than ${maxBytes} bytes`);
      });
      response.on("error", () => fail("it ended early"));
      response.on("end", () => {
        signal.removeEventListener("abort", late);
        const maxAge = /(?:^|[\s,])max-age=(\d{1,9})/i.exec(String(response.headers["cache-control"] ?? ""))?.[1];
        resolve({
          status: response.statusCode ?? 0,
          contentType: String(response.headers["content-type"] ?? ""),
          maxAge: maxAge === undefined ? null : Number(maxAge),
          text: new TextDecoder().decode(joined(chunks, size)),
        });
      });
    });
    const late = () => fail("it took too long");
    signal.addEventListener("abort", late);
    request.on("error", () => fail("it can't be reached"));
    request.end();
  });
}

function joined(chunks: Uint8Array[], size: number): Uint8Array {
  const all = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    all.set(chunk, offset);
    offset += chunk.length;
  }
  return all;
}

/** The result, or a rejection when the time is over. */
async function within<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  const late = Promise.withResolvers<never>();
  const end = () => late.reject(new Error("it took too long"));
  signal.addEventListener("abort", end);
  try {
    return await Promise.race([result, late.promise]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}
