import type { LookupOptions } from "node:dns";

type Callback = (error: NodeJS.ErrnoException | null, address?: unknown, family?: number) => void;

/** Node looks up this many names at once, because look-ups may use two of its four threads. */
const AT_ONCE = 2;
const SEARCH_MS = 20_000;

/**
 * A `dns.lookup` for which all names are of this machine. The look-up of a name for which `isStopped` is true takes 20
 * s, as where no name server knows the name of a stopped machine. Look-ups of other names wait for a thread meanwhile.
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
