import type { IncomingHttpHeaders } from "node:http";
import { BlockList, isIP } from "node:net";

/**
 * Returns the address of a request's client. `peer` is the other end of the network connection; `forwarded` is the
 * header `X-Forwarded-For`, to which each proxy appends the address of its own client. From `peer` on, and then from
 * the right end of the header, addresses of trusted proxies are skipped: the first other address is the client's.
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

/** Turns an IPv4-mapped IPv6 address into its IPv4 address; returns any other address unchanged. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}

/**
 * Returns the network by which a client's use is counted: its IPv4 address, or the /64 of its IPv6 address, because one
 * client has all addresses of a /64.
 */
export function clientNetwork(
  { socket, headers }: { socket: { remoteAddress?: string | undefined }; headers: IncomingHttpHeaders },
  trusted: BlockList,
): string {
  return networkOf(clientAddress(socket.remoteAddress, headers["x-forwarded-for"], trusted));
}

/**
 * Returns a function that finds the network of a request's client. If `USERS_PER_ADDRESS` is 0, that function returns
 * undefined: all clients may then come through one proxy that `TRUSTED_PROXIES` does not name, and would all have its
 * address.
 */
export function countedNetworkOf({
  USERS_PER_ADDRESS: users,
  TRUSTED_PROXIES: trusted,
}: {
  readonly USERS_PER_ADDRESS: number;
  readonly TRUSTED_PROXIES: BlockList;
}): (request: Parameters<typeof clientNetwork>[0]) => string | undefined {
  return (request) => (users > 0 ? clientNetwork(request, trusted) : undefined);
}

/**
 * Returns a function that finds the network at the other end of a TCP connection. It returns undefined for a trusted
 * proxy, through which many clients come, and if `USERS_PER_ADDRESS` is 0.
 */
export function peerNetworkOf({
  USERS_PER_ADDRESS: users,
  TRUSTED_PROXIES: trusted,
}: Parameters<typeof countedNetworkOf>[0]): (socket: { remoteAddress?: string | undefined }) => string | undefined {
  return ({ remoteAddress }) => {
    const address = plain(remoteAddress ?? "");
    return users > 0 && isIP(address) !== 0 && !isTrusted(address, trusted) ? networkOf(address) : undefined;
  };
}

export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = "", tail] = (address.split("%")[0] ?? "").toLowerCase().split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail ? tail.split(":") : [];
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array.from({ length: Math.max(0, zeros) }, () => "0"), ...after];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":")}::/64`;
}
