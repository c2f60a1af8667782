import type { LookupOptions } from "node:dns";

type Callback = (error: NodeJS.ErrnoException | null, address?: unknown, family?: number) => void;

/** Node looks up only this many names at the same time, because look-ups may use only two of its four threads. */
const AT_ONCE = 2;
const SEARCH_MS = 20_000;

/**
 * Makes a `dns.lookup` that finds the address of this machine for every name. If `isStopped` is true for a name, the
 * look-up fails after 20 s, as it does when no name server knows a stopped machine. Look-ups of other names may have to
 * wait for a thread meanwhile.
 */
export function slowNames(isStopped: (name: string) => boolean) {
  const waiting: Array<() => void> = [];
  let running = 0;
  return (name: string, options: LookupOptions, callback: Callback): void => {
    const start = (): void => {
      running++;
      const isLost = isStopped(name);
      const answer = (): void => {
        running--;
        waiting.shift()?.();
        const error = Object.assign(new Error(`getaddrinfo EAI_AGAIN ${name}`), { code: "EAI_AGAIN" });
        if (isLost) callback(error);
        else if (options.all) callback(null, [{ address: "127.0.0.1", family: 4 }]);
        else callback(null, "127.0.0.1", 4);
      };
      setTimeout(answer, isLost ? SEARCH_MS : 1).unref();
    };
    if (running < AT_ONCE) start();
    else waiting.push(start);
  };
}
