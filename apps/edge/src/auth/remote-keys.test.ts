import { eventually } from "@docrelay/testkit";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createLoginKey, signWith, startLogin, type Login, type LoginKey } from "../../test/login.ts";
import { createJwtAuthenticator } from "./jwt-authenticator.ts";
import { createRemoteKeys, REMOTE_ALGORITHMS, type RemoteKeys } from "./remote-keys.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const CLAIMS = { sub: "someone" };
const SOMEONE = { user: "someone" };
const INVALID = { wire: { code: "AUTH_INVALID" } };
const BUSY = { wire: { code: "BUSY", retryable: true } };

let first: LoginKey;
let second: LoginKey;
let login: Login;
let now = 0;
let troubles: unknown[] = [];
let keys: RemoteKeys;
const verify = async (token: string | Promise<string>): Promise<object> => {
  const rules = {
    algorithms: REMOTE_ALGORITHMS,
    keysOf: keys.keysOf,
    issuers: [],
    audiences: [],
    tenantClaim: "tenant",
  };
  return createJwtAuthenticator(rules).verify(await token);
};

beforeAll(async () => {
  [first, second] = await Promise.all([createLoginKey("ES256", "first"), createLoginKey("ES256", "second")]);
});
beforeEach(async () => {
  login = await startLogin(first);
  now = 0;
  troubles = [];
  keys = createRemoteKeys({ url: login.url, now: () => now, onTrouble: (error) => troubles.push(error) });
});
afterEach(() => login[Symbol.asyncDispose]());

describe("keys that a login publishes", () => {
  it.each(["RS256", "ES384", "EdDSA"])("verify %s", async (alg) => {
    const key = await createLoginKey(alg, "it");
    login.publish([first, key]);
    expect(await verify(signWith(key, CLAIMS))).toMatchObject(SOMEONE);
  });

  it("verify tokens that name no key", async () => {
    const nameless = await Promise.all(Array.from({ length: 3 }, () => createLoginKey("ES256")));
    login.publish(nameless);
    for (const key of nameless) expect(await verify(signWith(key, CLAIMS))).toMatchObject(SOMEONE);
    await expect(verify(signWith(await createLoginKey("ES256"), CLAIMS))).rejects.toMatchObject(INVALID);
  });

  it("are fetched once for all tokens that come at first", async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, () => signWith(first, CLAIMS)));
    await Promise.all(tokens.map(verify));
    expect(login.asked).toBe(1);
  });

  it("are fetched again when they are no longer fresh, while the old ones serve", async () => {
    await verify(signWith(first, CLAIMS));
    login.publish([second]);
    now = 5 * MINUTE + 1;
    expect(await verify(signWith(first, CLAIMS))).toMatchObject(SOMEONE);
    await eventually(() => login.asked === 2);
    await keys.load();
    await expect(verify(signWith(first, CLAIMS))).rejects.toMatchObject(INVALID);
    expect(await verify(signWith(second, CLAIMS))).toMatchObject(SOMEONE);
  });

  it("are fetched for a new key's first token, and for unknown ones once in ten seconds", async () => {
    await verify(signWith(first, CLAIMS));
    login.publish([first, second]);
    now = 10_000;
    expect(await verify(signWith(second, CLAIMS))).toMatchObject(SOMEONE);
    const unknown = await createLoginKey("ES256", "unknown");
    for (let n = 0; n < 5; n++) await expect(verify(signWith(unknown, CLAIMS))).rejects.toMatchObject(INVALID);
    expect(login.asked).toBe(2);
    login.publish(503);
    now = 20_000;
    for (let n = 0; n < 5; n++) await expect(verify(signWith(unknown, CLAIMS))).rejects.toMatchObject(INVALID);
    expect(login.asked).toBe(3);
  });

  it("serve for a day in which the login is away, and not longer", async () => {
    await verify(signWith(first, CLAIMS));
    login.publish(503);
    for (const at of [6 * MINUTE, 12 * 60 * MINUTE, DAY]) {
      now = at;
      expect(await verify(signWith(first, CLAIMS))).toMatchObject(SOMEONE);
      await keys.load();
    }
    now = DAY + 10_000;
    await expect(verify(signWith(first, CLAIMS))).rejects.toMatchObject(BUSY);
    login.publish([first]);
    now += 1000;
    expect(await verify(signWith(first, CLAIMS))).toMatchObject(SOMEONE);
  });

  it.each<[string, number | string]>([
    ["an error", 500],
    ["a redirect", 302],
    ["text", "<html>"],
    ["something else as JSON", '{"keys":7}'],
    ["more than a megabyte", " ".repeat(1_048_577)],
  ])("that come as %s are none, and the next second tries again", async (_name, what) => {
    login.publish(what);
    await expect(verify(signWith(first, CLAIMS))).rejects.toMatchObject(BUSY);
    await expect(verify(signWith(first, CLAIMS))).rejects.toMatchObject(BUSY);
    expect(troubles).toHaveLength(1);
    login.publish([first]);
    now = 1000;
    expect(await verify(signWith(first, CLAIMS))).toMatchObject(SOMEONE);
  });

  it("are not asked for by tokens that no public key can have signed", async () => {
    const header = (alg: string): string => Buffer.from(JSON.stringify({ alg, kid: "x" })).toString("base64url");
    for (const token of ["", ".", "a.b.c", `${header("none")}.e30.`, `${header("HS256")}.e30.c2ln`]) {
      await expect(keys.keysOf(token)).rejects.toMatchObject(INVALID);
    }
    expect(login.asked).toBe(0);
  });
});
