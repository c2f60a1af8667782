import { wireError } from "@docrelay/protocol";
import { eventually } from "@docrelay/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { RelayServer } from "../../test/relay-server.ts";
import { connect, memoryStorage, type Relay, type Storage } from "../index.ts";
import { anonymousTokens, givenTokens, type Clocks, type TokenSource } from "./session.ts";

const DAY = 86_400_000;
const HOUR = 3_600_000;

let server: RelayServer;
let storage: Storage;
beforeEach(async () => {
  server = await RelayServer.start();
  storage = memoryStorage();
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
});

test("a function that never gives a token fails in time, and is called again", async () => {
  const tokens = [new Promise<string>(() => undefined), Promise.resolve("late")];
  const source = givenTokens(async () => tokens.shift() ?? "none", 5);
  await expect(source.token()).rejects.toThrow("no token within 5 ms");
  await expect(source.token()).resolves.toBe("late");
});

describe("a session", () => {
  const clock = { steady: 1000, wall: 1_700_000_000_000 };
  const clocks: Clocks = { wall: () => clock.wall, steady: () => clock.steady };
  function pass(ms: number): void {
    clock.steady += ms;
    clock.wall += ms;
  }
  const open = (): TokenSource => anonymousTokens(server.url, storage, fetch, clocks);

  test.each([-20 * 365 * DAY, -DAY, 0, 2 * HOUR, 8 * DAY, 20 * 365 * DAY])(
    "is taken once, whatever the client's clock says (%d ms ahead)",
    async (aheadMs) => {
      clock.wall = Date.now() + aheadMs;
      const tokens = open();
      expect(await tokens.token()).toBe("token-1");
      pass(HOUR / 2);
      expect(await tokens.token()).toBe("token-1");
      // A second client with the same storage, as after a reload of the page, takes the kept token.
      expect(await open().token()).toBe("token-1");
      pass(HOUR / 2 - 30_000);
      expect(await tokens.token()).toBe("token-2");
      expect(await open().token()).toBe("token-2");
      expect(server.sessionRequests).toEqual([undefined, "Bearer token-1"]);
    },
  );

  test("is renewed for the same user when the clock was set meanwhile", async () => {
    await open().token();
    for (const jump of [-DAY, 10 * DAY]) {
      clock.wall += jump;
      await open().token();
    }
    expect(server.sessionRequests).toEqual([undefined, "Bearer token-1", "Bearer token-2"]);
  });

  test("that a clock set forward makes look old is kept by the page that has it", async () => {
    const tokens = open();
    await tokens.token();
    clock.wall += 10 * DAY;
    expect(await tokens.token()).toBe("token-1");
  });

  test("that should be valid is not given up for one refusal, which is told", async () => {
    const tokens = open();
    await tokens.token();
    tokens.renew();
    server.refuseSession = wireError("AUTH_INVALID");
    await expect(tokens.token()).rejects.toMatchObject({ code: "AUTH_INVALID" });
    server.refuseSession = undefined;
    expect(await tokens.token()).toBe("token-2");
    expect(server.sessionRequests.at(-1)).toBe("Bearer token-1");
  });

  test("that is refused again and again is another user's in the end", async () => {
    const tokens = open();
    await tokens.token();
    tokens.renew();
    server.refuseSession = wireError("AUTH_INVALID");
    for (let told = 1; told <= 2; told++) {
      await expect(tokens.token()).rejects.toMatchObject({ code: "AUTH_INVALID" });
    }
    expect(await tokens.token()).toBe("token-2");
    expect(server.sessionRequests.at(-1)).toBeUndefined();
  });

  test("that has run out is another user's at once", async () => {
    const tokens = open();
    await tokens.token();
    pass(2 * HOUR);
    server.refuseSession = wireError("AUTH_EXPIRED");
    expect(await tokens.token()).toBe("token-2");
  });
});

describe("a connection of a client whose clock is wrong", () => {
  const relays: Relay[] = [];
  const open = (): Relay => {
    const relay = connect({ url: server.url, storage });
    relays.push(relay);
    return relay;
  };
  afterEach(() => {
    for (const relay of relays.splice(0)) relay.close();
  });

  test.each([false, true])("takes one session, also over a reload (an older server: %s)", async (older) => {
    server.clockAheadMs = -8 * DAY;
    server.tellsNoDurations = older;
    for (const ask of ["a1", "a2"]) await open().conversation("c").ask("?", { id: ask }).accepted;
    expect([server.sessions, server.count("auth:refresh")]).toEqual([1, 0]);
  });

  test("renews a short session in its middle", async () => {
    server.clockAheadMs = 8 * DAY;
    server.expiresInMs = 2400;
    open();
    await eventually(() => server.count("auth:refresh") > 0);
    expect(server.sessions).toBe(2);
  });
});
