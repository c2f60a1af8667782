import { makePdf } from "@docrelay/testkit";
import { mkdtempSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { useEdges, type Answer, type Client } from "../../test/fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "docrelay-kept-whole-"));
const place = join(folder, "docrelay-blobs");
const relay = useEdges({ env: { BLOB_STORE: `file:${folder}`, USERS_PER_ADDRESS: "8" } });
afterAll(() => rm(folder, { recursive: true, force: true }));

const ask = (client: Client): Promise<Answer> =>
  client.ask("same", { files: [{ name: "a.pdf", type: "", bytes: makePdf({ pages: ["Some words"] }) }] });

async function counted(): Promise<{ total: number; shares: number[]; sent: string[] }> {
  const { redis } = relay.store;
  const shares = await Promise.all((await redis.keys("*:share")).map((key) => redis.hget(key, "sum")));
  const sent = await redis.keys("*:kept-files");
  return { total: Number(await redis.get("{blobs}:total")), shares: shares.map(Number), sent };
}

it("a file that the blob store cannot write takes no room, however often its ask is sent", async () => {
  const client = await relay.client();
  await rename(place, `${place}.away`);
  for (let n = 0; n < 3; n++) expect(await ask(client)).toMatchObject({ ok: false });
  expect(await counted()).toEqual({ total: 0, shares: [0], sent: [] });
  await rename(`${place}.away`, place);
  expect(await ask(client)).toMatchObject({ ok: true });
  const { total, shares } = await counted();
  expect([total > 0, shares]).toEqual([true, [total]]);
});
