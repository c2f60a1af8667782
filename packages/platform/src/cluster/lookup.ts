import dns, { type LookupAddress, type LookupAllOptions, type LookupOptions } from "node:dns";
import type { LookupFunction } from "node:net";

/** A look-up that takes more ms than this returns the addresses that the name had last, if there are any. */
const PATIENCE_MS = 500;
/** The most names whose addresses are remembered. A cluster has fewer nodes. */
const MAX_NAMES = 1000;

type Resolve = (
  name: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Returns a look-up of names for sockets. It never asks the system twice at a time for one name: all callers that wait
 * for the name get the same result.
 *
 * Node looks names up in two of its threads. Where no name server knows the name of a stopped node, the system tries
 * for up to 20 s, and the connections to that node are tried again every second or two: their look-ups would take both
 * threads for minutes, and a replica that takes over could not be connected to.
 */
export function createLookup(
  resolve: Resolve = (name, options, callback) => dns.lookup(name, options, callback),
): LookupFunction {
  const asked = new Map<string, Promise<LookupAddress[]>>();
  const known = new Map<string, LookupAddress[]>();

  const ask = (key: string, name: string, options: LookupOptions): Promise<LookupAddress[]> => {
    const running = asked.get(key);
    if (running) return running;
    const { promise, resolve: found, reject } = Promise.withResolvers<LookupAddress[]>();
    asked.set(key, promise);
    resolve(name, { ...options, all: true }, (error, addresses) => {
      asked.delete(key);
      if (error) return reject(error);
      // The name that was looked up longest ago is forgotten first.
      known.delete(key);
      known.set(key, addresses);
      if (known.size > MAX_NAMES) for (const [oldest] of known) if (known.delete(oldest)) break;
      found(addresses);
    });
    return promise;
  };

  return (name, options, callback) => {
    const key = `${name} ${options.family ?? 0} ${options.hints ?? 0}`;
    let timer: NodeJS.Timeout | undefined;
    const { promise: last, resolve: giveLast } = Promise.withResolvers<LookupAddress[]>();
    const addresses = known.get(key);
    if (addresses) timer = setTimeout(() => giveLast(addresses), PATIENCE_MS);
    Promise.race([ask(key, name, options), last])
      .finally(() => clearTimeout(timer))
      .then(
        (all) => (options.all ? callback(null, all) : callback(null, all[0]?.address ?? "", all[0]?.family)),
        (error: NodeJS.ErrnoException) => callback(error, ""),
      );
  };
}
