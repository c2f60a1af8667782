import type { LookupAddress } from "node:dns";
import { createServer, connect, type AddressInfo } from "node:net";
import { once } from "node:events";
import { expect, it, vi } from "vitest";
import { createLookup } from "./lookup.ts";

type Callback = Parameters<NonNullable<Parameters<typeof createLookup>[0]>>[2];

/**
 * Makes a name service that looks up two names at a time, as Node does with its four threads. A look-up of a name that
 * is not in `found` never ends.
 */
function twoThreads(): {
  resolve: NonNullable<Parameters<typeof createLookup>[0]>;
  asked: string[];
  found: Set<string>;
} {
  const waiting: Array<{ name: string; callback: Callback }> = [];
  const running = new Set<object>();
  const [asked, found] = [[] as string[], new Set<string>()];
  const next = (): void => {
    while (running.size < 2) {
      const one = waiting.shift();
      if (!one) return;
      if (found.has(one.name)) one.callback(null, [{ address: "127.0.0.1", family: 4 }]);
      else running.add(one); // this look-up never ends
    }
  };
  return {
    asked,
    found,
    resolve(name, _options, callback) {
      asked.push(name);
      waiting.push({ name, callback });
      next();
    },
  };
}

const look = (lookup: ReturnType<typeof createLookup>, name: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    lookup(name, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });

it("names of nodes are found while the system searches for that of a stopped one again and again", async () => {
  const system = twoThreads();
  system.found.add("replica");
  const lookup = createLookup(system.resolve);
  for (let n = 0; n < 20; n++) void look(lookup, "stopped");
  expect(await look(lookup, "replica")).toEqual([{ address: "127.0.0.1", family: 4 }]);
  expect(system.asked).toEqual(["stopped", "replica"]);
});

it("a name is asked for again once the last answer is there, so that a node may get another address", async () => {
  let address = "10.0.0.1";
  const lookup = createLookup((_name, _options, callback) => callback(null, [{ address, family: 4 }]));
  expect(await look(lookup, "node")).toMatchObject([{ address: "10.0.0.1" }]);
  address = "10.0.0.2";
  expect(await look(lookup, "node")).toMatchObject([{ address: "10.0.0.2" }]);
});

it("where the system takes long, the address that the name had last is tried", async () => {
  vi.useFakeTimers();
  try {
    const system = twoThreads();
    system.found.add("node");
    const lookup = createLookup(system.resolve);
    const first = await look(lookup, "node");
    system.found.clear();
    const second = look(lookup, "node");
    await vi.advanceTimersByTimeAsync(499);
    expect(await Promise.race([second, Promise.resolve("not yet")])).toBe("not yet");
    await vi.advanceTimersByTimeAsync(1);
    expect(await second).toEqual(first);
  } finally {
    vi.useRealTimers();
  }
});

it("an error of the system reaches all who wait, and the next one asks again", async () => {
  const callbacks: Callback[] = [];
  const lookup = createLookup((_name, _options, callback) => void callbacks.push(callback));
  const both = [look(lookup, "gone"), look(lookup, "gone")];
  callbacks[0]?.(Object.assign(new Error("getaddrinfo ENOTFOUND gone"), { code: "ENOTFOUND" }), []);
  for (const one of both) await expect(one).rejects.toThrow("ENOTFOUND");
  void look(lookup, "gone");
  expect(callbacks).toHaveLength(2);
});

it.each([true, false])("a socket takes its answers (several addresses: %s)", async (autoSelectFamily) => {
  await using server = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const addresses: LookupAddress[] = [{ address: "127.0.0.1", family: 4 }];
  const lookup = createLookup((_name, _options, callback) => callback(null, addresses));
  const { port } = server.address() as AddressInfo;
  const socket = connect({ host: "node.test", port, lookup, autoSelectFamily });
  await once(socket, "connect");
  socket.destroy();
});
