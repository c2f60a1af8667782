import { eventually } from "@docrelay/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { RelayServer } from "../../test/relay-server.ts";
import { connect, memoryStorage, type ConnectOptions, type Relay, type Storage } from "../index.ts";

let server: RelayServer;
let storage: Storage;
const relays: Relay[] = [];

function open(token?: ConnectOptions["token"]): Relay {
  const made = connect({ url: server.url, storage, ...(token !== undefined && { token }) });
  relays.push(made);
  return made;
}
function tokenOf(sub: string): string {
  return `header.${Buffer.from(JSON.stringify({ sub })).toString("base64url")}.signature`;
}
async function goneOffline(relay: Relay): Promise<void> {
  await eventually(() => relay.state === "online");
  server.away();
  await eventually(() => relay.state === "offline");
}
const ask = (relay: Relay, id: string) => relay.conversation("c").ask(id, { id });

beforeEach(async () => {
  server = await RelayServer.start();
  storage = memoryStorage();
});
afterEach(async () => {
  for (const each of relays.splice(0)) each.close();
  await server[Symbol.asyncDispose]();
});

describe("an ask of one user is neither shown to nor sent by another in the same browser", () => {
  test.each([
    ["its token", (user: string) => tokenOf(user)],
    ["a function", (user: string) => async () => tokenOf(user)],
  ])("who logs in on the next page, by %s; the first one finds it again", async (_, tokenFor) => {
    const first = open(tokenFor("zoë"));
    await goneOffline(first);
    ask(first, "q1");
    first.close();
    const second = open(tokenFor("ben"));
    expect(second.conversation("c").turns).toEqual([]);
    server.back();
    await ask(second, "q2").accepted;
    expect(second.conversation("c").turns.map(({ id }) => id)).not.toContain("q1");
    second.close();
    expect(server.accepted).toEqual(["q2"]);
    open(tokenFor("zoë"));
    await eventually(() => server.accepted.length === 2);
    expect(server.accepted).toEqual(["q2", "q1"]);
    await eventually(() => storage.length === 0);
  });
  test("of an anonymous session, by a login", async () => {
    const first = open();
    await goneOffline(first);
    ask(first, "q1");
    first.close();
    server.back();
    await ask(open(tokenOf("ben")), "q2").accepted;
    expect(server.accepted).toEqual(["q2"]);
  });
  test("on the same page, whose token function gives another user's", async () => {
    let user = "zoë";
    const relay = open(async () => tokenOf(user));
    await goneOffline(relay);
    const answer = ask(relay, "q1");
    user = "ben";
    server.back();
    await expect(answer.accepted).rejects.toMatchObject({ code: "AUTH_INVALID" });
    relay.close();
    open(tokenOf("zoë"));
    await eventually(() => server.accepted.length === 1);
  });
});

test("an ask made before a token was fetched is kept as soon as it is known whose it is", async () => {
  let give = (_: string): void => undefined;
  const token = new Promise<string>((resolve) => (give = resolve));
  server.fail("ask", "lose-ack");
  const relay = open(() => token);
  ask(relay, "q1");
  expect(storage.length).toBe(0);
  give(tokenOf("zoë"));
  await eventually(() => storage.length === 1);
  relay.close();
  const next = open(tokenOf("zoë"));
  expect(next.conversation("c").turns.map(({ id }) => id)).toEqual(["q1"]);
});

describe("a storage", () => {
  test("that is full keeps no ask that was stopped as one to send", async () => {
    let limit = Number.POSITIVE_INFINITY;
    const bounded: Storage = {
      get length() {
        return storage.length;
      },
      key: (index) => storage.key(index),
      getItem: (key) => storage.getItem(key),
      setItem(key, value) {
        if (value.length > limit) throw new DOMException("full", "QuotaExceededError");
        storage.setItem(key, value);
      },
      removeItem: (key) => storage.removeItem(key),
    };
    const first = connect({ url: server.url, storage: bounded });
    relays.push(first);
    await goneOffline(first);
    ask(first, "q1");
    expect(storage.length).toBe(2); // the ask and the session
    limit = 0;
    await first.conversation("c").cancel("q1");
    first.close();
    limit = Number.POSITIVE_INFINITY;
    server.back();
    await ask(open(), "q2").accepted;
    expect(server.accepted).toEqual(["q2"]);
  });
  test("that throws at everything costs no question", async () => {
    const denied = (): never => {
      throw new DOMException("denied", "SecurityError");
    };
    const storage: Storage = {
      get length() {
        return denied();
      },
      key: denied,
      getItem: denied,
      setItem: denied,
      removeItem: denied,
    };
    const relay = connect({ url: server.url, storage });
    relays.push(relay);
    server.fail("ask", "lose-ack");
    const stopped = ask(relay, "q1");
    await eventually(() => server.accepted.length === 1);
    await stopped.cancel();
    await eventually(() => server.log.at(-1)?.type === "cancelled");
    await ask(relay, "q2").accepted;
    expect(server.accepted).toEqual(["q1", "q2"]);
  });
});
