import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAuthority, freePort, spawnNode, type Certificate } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { startSockets, stream } from "./servers.ts";

const MAIN = join(import.meta.dirname, "../src/main.ts");

async function doctor(env: Record<string, string>, ...args: string[]): Promise<{ code: number | null; text: string }> {
  await using child = spawnNode(MAIN, { env, args });
  const { code } = await child.exited;
  return { code, text: child.lines.join("\n") };
}

describe("npm run doctor", () => {
  it("exits with 0 when all is well, in words or as one object", async () => {
    await using server = await startSockets({ reply: stream });
    const env = { ENGINE_URL: `ws://${server.host}` };
    const words = await doctor(env);
    expect(words.code).toBe(0);
    expect(words.text).toMatch(/All is well\.$/m);
    expect(words.text).toMatch(/note not looked at: REDIS_URL is not set/);
    const { code, text } = await doctor(env, "engine", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(text)).toMatchObject({
      ok: true,
      parts: [{ part: "engine", settings: { ENGINE_REPLY: "stream" }, facts: { reply: { pieces: 3 } } }],
    });
  });

  it("trusts the authorities of NODE_EXTRA_CA_CERTS, and refuses what they did not sign for this host", async () => {
    const folder = mkdtempSync(join(tmpdir(), "docrelay-doctor-"));
    try {
      const authority = createAuthority("Test Authority");
      const file = join(folder, "ca.pem");
      writeFileSync(file, authority.cert);
      const past = { from: Date.now() - 7_200_000, to: Date.now() - 3_600_000 };
      const look = async (tls: Certificate): Promise<{ code: number | null; text: string }> => {
        await using server = await startSockets({ reply: stream, tls });
        return await doctor({ ENGINE_URL: `wss://${server.host}`, NODE_EXTRA_CA_CERTS: file });
      };
      const [right, old, foreign] = await Promise.all([
        look(authority.issue(["127.0.0.1"])),
        look(authority.issue(["127.0.0.1"], past)),
        look(authority.issue(["elsewhere.example"])),
      ]);
      expect(right.text).toMatch(/ok {3}certificate: of Test Authority, valid to/);
      expect(right.code).toBe(0);
      expect(old.text).toMatch(/certificate: .*\(CERT_HAS_EXPIRED\): the engine needs a new one/);
      expect(foreign.text).toMatch(/certificate: .*\(ERR_TLS_CERT_ALTNAME_INVALID\): it is for other names/);
      expect([old.code, foreign.code]).toEqual([1, 1]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("exits with 1 when there is a problem, 78 for wrong settings, 64 for words that it does not know", async () => {
    const refused = await doctor({ ENGINE_URL: `ws://127.0.0.1:${await freePort()}` }, "engine");
    expect(refused.code).toBe(1);
    expect(refused.text).toContain("nothing listens");
    const wrong = await doctor({ ENGINE_URL: "tcp://host" }, "engine");
    expect(wrong.code).toBe(78);
    expect(wrong.text).toContain("ENGINE_URL must begin with");
    expect((await doctor({})).text).toContain("ENGINE_URL is missing");
    for (const args of [["moon"], ["--url", "nowhere"], ["balancer"]])
      expect((await doctor({ ENGINE_URL: "ws://host" }, ...args)).code).toBe(64);
    const mistyped = await doctor({ ASK_DEADLIN_MS: "5000", HOST: "0.0.0.0", PORT: "3000" }, "settings");
    expect(mistyped.code).toBe(1);
    expect(mistyped.text).toMatch(/!! {3}ASK_DEADLIN_MS: is no setting: ASK_DEADLINE_MS is meant/);
    expect(mistyped.text).toMatch(/!! {3}edge: AUTH_MODE/);
  });
});
