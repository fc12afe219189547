/**
 * Who an address stands for, where limits and pauses apply to one client after another.
 *
 * @module
 */

/** Clients of each kind at once: event streams, SSE streams, MCP sessions. One costs some kilobytes. */
export const MAX_CLIENTS = 2000;

/** How many of so many one address may have: half, so that others still find room. */
export function sharePerAddress(max: number): number {
  return Math.ceil(max / 2);
}

/** IPv4-mapped IPv6: the client came over IPv4. */
const MAPPED = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i;
/** Groups of an IPv6 address that name a network. A client with one address of it has all 2⁶⁴. */
const NETWORK_GROUPS = 4;

/**
 * The client behind a socket's address: an IPv4 address as it is, an IPv6 address by its network.
 *
 * @param ip As `Deno.NetAddr` has it; undefined where nothing came over a socket.
 */
export function clientOf(ip: string | undefined): string | undefined {
  if (ip === undefined || !ip.includes(":")) return ip;
  const mapped = MAPPED.exec(ip);
  if (mapped !== null) return mapped[1];
  const [head = "", tail] = ip.replace(/%.*$/, "").split("::");
  const groups = head === "" ? [] : head.split(":"), last = tail ? tail.split(":") : [];
  const zeros = tail === undefined ? 0 : 8 - groups.length - last.length;
  const all = [...groups, ...Array<string>(Math.max(0, zeros)).fill("0"), ...last];
  return `${all.slice(0, NETWORK_GROUPS).map((group) => group.replace(/^0+(?=.)/, "")).join(":")}::/64`;
}
