import { ChannelError, createBlobStore } from "@docrelay/channel";
import { expect, it } from "vitest";
import { useEdges, USER } from "../../test/fixture.ts";
import { exportOf } from "./export.ts";

const relay = useEdges();
const PDF = Buffer.concat([Buffer.from("%PDF-1.7\n"), Buffer.alloc(200_000, 32)]);

async function upload(bytes: Uint8Array): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${relay.edges[0]?.port}/v1/uploads?name=a.pdf`, {
    method: "POST",
    headers: { authorization: `Bearer ${await relay.token()}` },
    body: Uint8Array.from(bytes),
  });
  return ((await response.json()) as { upload: string }).upload;
}

/** Returns the names of the files in a tar archive. Fails if the archive does not end as the format requires. */
function namesIn(tar: Buffer): string[] {
  const names: string[] = [];
  let at = 0;
  while (at < tar.length && tar[at] !== 0) {
    const size = Number.parseInt(tar.toString("latin1", at + 124, at + 135), 8);
    if (!(size >= 0)) throw new Error(`no header at ${at}`);
    names.push(tar.toString("latin1", at, tar.indexOf(0, at)));
    at += 512 * (1 + Math.ceil(size / 512));
  }
  expect(tar.length).toBe(at + 1024);
  return names;
}

it("an archive is whole, also when the bytes of a file go while they are read", async () => {
  const id = await upload(PDF);
  const blobs = createBlobStore("redis", relay.store);
  const goes = async function* (ref: string): AsyncGenerator<Uint8Array> {
    for await (const chunk of blobs.read(ref)) {
      yield chunk;
      throw new ChannelError("hole", "the text is stored");
    }
  };
  const archive = async (read: typeof blobs.read): Promise<string[]> => {
    const openConversation = () => Promise.reject(new Error("there are none"));
    const deps = { store: relay.store, blobs: { ...blobs, read }, openConversation };
    const parts = await Array.fromAsync(exportOf(deps, { user: USER, signal: new AbortController().signal }));
    return namesIn(Buffer.concat(parts));
  };
  expect(await archive(blobs.read)).toEqual([`files/${id}.pdf`, "export.json"]);
  expect(await archive(goes)).toEqual(["export.json"]);
});
