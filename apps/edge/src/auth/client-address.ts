import { BlockList, isIP } from "node:net";

/**
 * The address of a request's client. A forwarded address counts only when a trusted proxy wrote it: read from the
 * right, the first address that is no trusted proxy is the client's.
 */
export function clientAddress(
  peer: string | undefined,
  forwarded: string | string[] | undefined,
  trusted: BlockList,
): string {
  let address = plain(peer ?? "");
  const hops = (Array.isArray(forwarded) ? forwarded.join(",") : (forwarded ?? "")).split(",").slice(-16);
  while (hops.length > 0 && isTrusted(address, trusted)) {
    const hop = plain(hops.pop()?.trim() ?? "");
    if (isIP(hop) === 0) break;
    address = hop;
  }
  return address;
}

function isTrusted(address: string, trusted: BlockList): boolean {
  const version = isIP(address);
  return version !== 0 && trusted.check(address, version === 6 ? "ipv6" : "ipv4");
}

/** IPv4-mapped IPv6 addresses are compared as IPv4. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}
