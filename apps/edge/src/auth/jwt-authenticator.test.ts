import { TOKEN_BYTES, type ErrorCode } from "@docrelay/protocol";
import { SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { createJwtAuthenticator } from "./jwt-authenticator.ts";

const NEW = Buffer.from("a new secret of thirty-two bytes, at least");
const OLD = Buffer.from("the old secret of thirty-two bytes, as well");
const OTHER = Buffer.from("another secret of thirty-two bytes or so...");
const NOW = 1_700_000_000_000;
const S = NOW / 1000;
const rules = { algorithms: ["HS256"], keysOf: () => [NEW, OLD], tenantClaim: "tenant", now: () => NOW };
const auth = createJwtAuthenticator({ ...rules, issuers: ["https://login.test/", "old"], audiences: ["relay"] });

const CLAIMS = { sub: "someone", iss: "https://login.test/", aud: "relay", exp: S + 60 };
type Change = Record<string, unknown>;
function sign(change: Change = {}, key: Uint8Array = NEW, alg = "HS256"): Promise<string> {
  return new SignJWT({ ...CLAIMS, ...change }).setProtectedHeader({ alg }).sign(key);
}
const refusal = (code: ErrorCode): object => ({ wire: { code } });

describe("a token of the login", () => {
  it.each<[string, Change, Uint8Array?]>([
    ["with everything", {}],
    ["of the secret that is being replaced", {}, OLD],
    ["of another issuer that is named", { iss: "old" }],
    ["for several audiences", { aud: ["elsewhere", "relay"] }],
    ["that begins in the seconds that clocks differ", { nbf: S + 5 }],
    ["with claims that nobody here reads", { roles: ["admin"], iat: S + 900 }],
  ])("%s is taken", async (_name, change, key) => {
    expect(await auth.verify(await sign(change, key))).toMatchObject({ user: "someone", expiresAt: NOW + 60_000 });
  });

  it.each([S, S - 1, S - 4, S - 3600])("that expired at %d says so", async (exp) => {
    await expect(auth.verify(await sign({ exp }))).rejects.toMatchObject(refusal("AUTH_EXPIRED"));
  });

  it.each<[string, Change]>([
    ["without exp", { exp: undefined }],
    ["with exp as text", { exp: "tomorrow" }],
    ["without sub", { sub: undefined }],
    ["with an empty sub", { sub: "" }],
    ["with a sub of 300 characters", { sub: "s".repeat(300) }],
    ["with a sub that is a number", { sub: 7 }],
    ["without aud", { aud: undefined }],
    ["for others", { aud: "elsewhere" }],
    ["without iss", { iss: undefined }],
    ["from others", { iss: "https://login.test" }],
    ["not valid yet", { nbf: S + 60 }],
    ["with an empty tenant", { tenant: "" }],
    ["with several tenants", { tenant: ["a", "b"] }],
  ])("%s is not valid", async (_name, change) => {
    await expect(auth.verify(await sign(change))).rejects.toMatchObject(refusal("AUTH_INVALID"));
  });

  it("of another secret or algorithm is not valid, also when it has expired", async () => {
    const wrong = [sign({}, OTHER), sign({ exp: S - 9 }, OTHER), sign({}, Buffer.concat([NEW, NEW]), "HS512")];
    for (const token of await Promise.all(wrong)) {
      await expect(auth.verify(token)).rejects.toMatchObject(refusal("AUTH_INVALID"));
    }
  });

  it("that never ends in practice ends at a time that a date can express", async () => {
    const { expiresAt } = await auth.verify(await sign({ exp: Number.MAX_VALUE }));
    expect(new Date(expiresAt).getTime()).toBe(expiresAt);
  });

  it("over its limit is refused before any cryptography", async () => {
    let looked = 0;
    const watched = createJwtAuthenticator({ ...rules, keysOf: () => (looked++, [NEW]), issuers: [], audiences: [] });
    await expect(watched.verify("a".repeat(TOKEN_BYTES + 1))).rejects.toMatchObject(refusal("AUTH_INVALID"));
    expect(looked).toBe(0);
  });

  it("may be of any issuer and audience where none is named", async () => {
    const open = createJwtAuthenticator({ ...rules, issuers: [], audiences: [] });
    const token = await sign({ iss: undefined, aud: undefined });
    expect(await open.verify(token)).toMatchObject({ user: "someone" });
  });

  it("is issued by the login alone", async () => {
    await expect(auth.issue()).rejects.toMatchObject(refusal("FORBIDDEN"));
  });
});
