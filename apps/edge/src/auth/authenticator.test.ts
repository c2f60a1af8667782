import type { ErrorCode } from "@docrelay/protocol";
import { TOKEN_BYTES } from "@docrelay/protocol";
import { SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { createAnonymousAuthenticator } from "./authenticator.ts";

const SECRET = Buffer.from("a secret of thirty-two bytes, at least");
const OTHER = Buffer.from("another secret of thirty-two bytes or so");
const NOW = 1_700_000_000_000;
const S = NOW / 1000;
const auth = createAnonymousAuthenticator({ secrets: () => [SECRET], ttlMs: 60_000, now: () => NOW });

const CLAIMS = { sub: "anon-someone", iss: "docrelay", aud: "docrelay", iat: S, exp: S + 60 };
type Change = Record<string, unknown>;
function sign(change: Change = {}, key: Uint8Array = SECRET, alg = "HS256"): Promise<string> {
  return new SignJWT({ ...CLAIMS, ...change }).setProtectedHeader({ alg }).sign(key);
}
const refusal = (code: ErrorCode): object => ({ wire: { code } });

describe("anonymous sessions", () => {
  it("verify as the user they were issued to", async () => {
    const session = await auth.issue();
    expect(session).toMatchObject({ user: expect.stringMatching(/^anon-[\w-]{24}$/), expiresAt: NOW + 60_000 });
    expect(await auth.verify(session.token)).toMatchObject({ user: session.user, expiresAt: NOW + 60_000 });
  });

  it("are never twice the same user, unless renewed", async () => {
    const users = await Promise.all(Array.from({ length: 100 }, async () => (await auth.issue()).user));
    expect(new Set(users).size).toBe(100);
    expect((await auth.issue(users[0])).user).toBe(users[0]);
  });

  it("say a whole end also where the time to live is none", async () => {
    const odd = createAnonymousAuthenticator({ secrets: () => [SECRET], ttlMs: 1500, now: () => NOW + 777 });
    const { token, expiresAt } = await odd.issue();
    expect((await odd.verify(token)).expiresAt).toBe(expiresAt);
  });

  it("are signed with the first secret and verify with the older ones", async () => {
    const rotated = createAnonymousAuthenticator({ secrets: () => [OTHER, SECRET], ttlMs: 60_000, now: () => NOW });
    const { token } = await auth.issue();
    expect(await rotated.verify(token)).toMatchObject({ expiresAt: NOW + 60_000 });
    await expect(auth.verify((await rotated.issue()).token)).rejects.toMatchObject(refusal("AUTH_INVALID"));
  });
});

describe("a token", () => {
  it.each([undefined, ""])("that is %j has to be brought", async (token) => {
    await expect(auth.verify(token)).rejects.toMatchObject(refusal("AUTH_REQUIRED"));
  });

  it("is taken when everything fits", async () => {
    expect(await auth.verify(await sign())).toMatchObject({ user: "anon-someone", expiresAt: (S + 60) * 1000 });
  });

  it("of an edge whose clock is ahead or behind by minutes is taken, and keeps its end", async () => {
    for (const minutes of [-30, -1, 1, 30]) {
      const clock = (): number => NOW + minutes * 60_000;
      const other = createAnonymousAuthenticator({ secrets: () => [SECRET], ttlMs: 3_600_000, now: clock });
      const { token, user, expiresAt, expiresInMs } = await other.issue();
      expect(expiresInMs).toBe(3_600_000);
      expect(await auth.verify(token)).toMatchObject({ user, expiresAt });
    }
  });

  it.each([
    ["expired", { exp: S - 1 }],
    ["expired this very moment", { exp: S }],
  ])("that is %s says so", async (_name, change) => {
    await expect(auth.verify(await sign(change))).rejects.toMatchObject(refusal("AUTH_EXPIRED"));
  });

  it.each<[string, Change]>([
    ["without exp", { exp: undefined }],
    ["without iat", { iat: undefined }],
    ["without sub", { sub: undefined }],
    ["with an empty sub", { sub: "" }],
    ["with a sub of 300 characters", { sub: "s".repeat(300) }],
    ["with a sub that is a number", { sub: 7 }],
    ["for others", { aud: "elsewhere" }],
    ["from others", { iss: "elsewhere" }],
    ["issued at a text", { iat: "now" }],
    ["not valid yet", { nbf: S + 3600 }],
    ["issued farther in the future than clocks differ", { iat: S + 3600 }],
    ["with exp as text", { exp: "tomorrow" }],
  ])("%s is not valid", async (_name, change) => {
    await expect(auth.verify(await sign(change))).rejects.toMatchObject(refusal("AUTH_INVALID"));
  });

  it("signed with another key, or another algorithm of the same key, is not valid", async () => {
    await expect(auth.verify(await sign({}, OTHER))).rejects.toMatchObject(refusal("AUTH_INVALID"));
    const long = Buffer.concat([SECRET, SECRET]);
    const same = createAnonymousAuthenticator({ secrets: () => [long], ttlMs: 60_000, now: () => NOW });
    await expect(same.verify(await sign({}, long, "HS512"))).rejects.toMatchObject(refusal("AUTH_INVALID"));
  });

  it("whose signature was cut off or changed is not valid", async () => {
    const token = await sign({});
    const at = token.lastIndexOf(".") + 1;
    for (const signature of ["", token.slice(at, -1), [...token.slice(at)].reverse().join("")]) {
      await expect(auth.verify(token.slice(0, at) + signature)).rejects.toMatchObject(refusal("AUTH_INVALID"));
    }
  });

  it("that is expired and signed by somebody else is not valid, rather than expired", async () => {
    await expect(auth.verify(await sign({ exp: S - 1 }, OTHER))).rejects.toMatchObject(refusal("AUTH_INVALID"));
  });

  it.each([
    ["a byte too long", "a".repeat(TOKEN_BYTES + 1)],
    ["too long in UTF-8 alone", "é".repeat(TOKEN_BYTES / 2 + 1)],
    ["of words", "not a token"],
    ["of dots", ".".repeat(100)],
    ["of nothing signed", "e30.e30.e30"],
    ["with a NUL", "\0"],
  ])("%s is not valid", async (_name, token) => {
    await expect(auth.verify(token)).rejects.toMatchObject(refusal("AUTH_INVALID"));
  });

  it("over its limit is refused before any cryptography", async () => {
    let looked = 0;
    const watched = createAnonymousAuthenticator({ secrets: () => (looked++, [SECRET]), ttlMs: 1000 });
    await expect(watched.verify("a".repeat(TOKEN_BYTES + 1))).rejects.toMatchObject(refusal("AUTH_INVALID"));
    expect(looked).toBe(0);
  });
});
