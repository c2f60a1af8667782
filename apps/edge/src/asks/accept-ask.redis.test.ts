import { createBlobStore, dropPassword, readUpload, releaseBytes, writeText, type StoredText } from "@docrelay/channel";
import { makePdf } from "@docrelay/testkit";
import { askAckSchema } from "@docrelay/protocol";
import { afterEach, describe, expect, it } from "vitest";
import { CONVERSATION, heard, useEdges, USER, type Answer, type Client } from "../../test/fixture.ts";

const relay = useEdges({ count: 2 });
const PDF = Buffer.from(makePdf({ pages: ["Some words"] }));
const inline = (more: object = {}): object => ({ name: "a.pdf", type: "application/pdf", bytes: PDF, ...more });
const accepted = { ok: true, duplicate: false };
const code = ({ error }: Answer): string | undefined => error?.code;
/**
 * Returns all keys with their values, except keys that change without an ask: counts of connections, leases of edges,
 * secrets (which edges store again after Redis was emptied), and keys of BullMQ.
 */
async function stored(): Promise<Array<[string, string]>> {
  return [...(await relay.dump())].filter(([key]) => !/:places$|^edge:|^secret:|^bull|^\{bull\}/.test(key)).sort();
}

describe("ask", () => {
  it("is acknowledged with the seq of its accepted event, which it hears", async () => {
    const client = await relay.client();
    const answer = await client.ask("one", { message: "What is this?" });
    expect(askAckSchema.parse(answer)).toEqual({ ok: true, ask: "one", seq: 1, duplicate: false });
    expect(await client.ask("two")).toMatchObject({ ...accepted, seq: 2 });
    expect(await heard(client, 2)).toMatchObject([
      { seq: 1, type: "accepted", ask: "one", message: "What is this?", files: [], attempt: 0 },
      { seq: 2, type: "accepted", ask: "two" },
    ]);
  });

  it("sent again, also on another edge and after its end, is the same ask", async () => {
    const [one, two] = [await relay.client(relay.edges[0]), await relay.client(relay.edges[1])];
    await one.ask("one");
    expect(await two.ask("one")).toEqual({ ok: true, ask: "one", seq: 1, duplicate: true });
    await relay.answer(CONVERSATION, ["done"]);
    expect(await two.ask("one")).toEqual({ ok: true, ask: "one", seq: 1, duplicate: true });
    const { events } = await one.open(CONVERSATION);
    expect(events.filter(({ type }) => type === "accepted")).toHaveLength(1);
  });

  it("sent five times at once from two edges is one ask", async () => {
    const [one, two] = [await relay.client(relay.edges[0]), await relay.client(relay.edges[1])];
    const files = [inline()];
    const answers = await Promise.all([one, two, one, two, one].map((client) => client.ask("one", { files })));
    expect(answers.map(({ ok, seq }) => [ok, seq])).toEqual(Array.from({ length: 5 }, () => [true, 1]));
    expect(answers.filter(({ duplicate }) => duplicate === false)).toHaveLength(1);
  });

  it("of the same id and another body is a conflict", async () => {
    const client = await relay.client();
    await client.ask("one", { message: "this", files: [inline()] });
    for (const other of [
      { message: "that", files: [inline()] },
      { message: "this" },
      { message: "this", files: [inline({ name: "b.pdf" })] },
      { message: "this", files: [inline({ password: "x" })] },
      { message: "this", files: [inline({ bytes: Buffer.concat([PDF, Buffer.from("\n")]) })] },
      { message: "this", files: [inline(), inline()] },
      { message: "this", files: [inline()], conversation: "elsewhere" },
    ]) {
      expect(await client.ask("one", other)).toMatchObject({ ok: false, error: { code: "ASK_CONFLICT", ask: "one" } });
    }
    expect(await client.ask("one", { message: "this", files: [inline()] })).toMatchObject({ duplicate: true });
  });

  it("replaces an ask of the same conversation, and no other", async () => {
    const client = await relay.client();
    await client.ask("one");
    await client.ask("other", { conversation: "other" });
    const refused = { ok: false, error: { code: "NOT_FOUND", reason: "replaces", ask: "two", retryable: false } };
    for (const replaces of ["other", "two", "none"])
      expect(await client.ask("two", { replaces })).toMatchObject(refused);
    expect(await client.ask("two", { replaces: "one" })).toMatchObject(accepted);
    expect((await client.open(CONVERSATION)).events).toMatchObject([{ ask: "one" }, { ask: "two", replaces: "one" }]);
    expect(await client.ask("two", { replaces: "one" })).toMatchObject({ duplicate: true });
    expect(code(await client.ask("two"))).toBe("ASK_CONFLICT");
    expect(code(await client.ask("three", { replaces: "" }))).toBe("BAD_MESSAGE");
    const stranger = await relay.client(undefined, "stranger");
    expect(code(await stranger.ask("mine", { replaces: "one" }))).toBe("NOT_FOUND");
  });

  it("of the same id by two users is two asks", async () => {
    const [one, two] = [await relay.client(), await relay.client(undefined, "stranger")];
    expect(await one.ask("one")).toMatchObject({ ...accepted, seq: 1 });
    expect(await two.ask("one", { message: "other" })).toMatchObject({ ...accepted, seq: 1 });
    expect((await heard(one, 1)).concat(await heard(two, 1))).toMatchObject([{}, { message: "other" }]);
  });

  it("brings small files along, which are named in its accepted event", async () => {
    const client = await relay.client();
    expect(await client.ask("one", { message: "", files: [inline(), inline({ name: "b.pdf" })] })).toMatchObject(
      accepted,
    );
    const sha256 = expect.stringMatching(/^[0-9a-f]{64}$/) as string;
    expect(await heard(client, 1)).toMatchObject([
      {
        files: [
          { name: "a.pdf", size: PDF.length, sha256 },
          { name: "b.pdf", size: PDF.length, sha256 },
        ],
      },
    ]);
    const dump = await relay.dump();
    expect([...dump.keys()].filter((key) => key.startsWith("blob:"))).toHaveLength(1);
    expect([...dump.keys()].filter((key) => /^\{bull\}:extract:[\w-]{32}$/.test(key))).toHaveLength(1);
  });

  it("gives each file an id under which its user may name it again, from any edge", async () => {
    const [one, two] = [await relay.client(relay.edges[0]), await relay.client(relay.edges[1])];
    const files = [inline(), inline({ name: "b.pdf" })];
    await one.ask("one", { files });
    expect(await two.ask("one", { files })).toMatchObject({ duplicate: true });
    const [first] = await heard(one, 1);
    const uploads = first?.type === "accepted" ? first.files.map(({ upload }) => upload) : [];
    expect(new Set(uploads).size).toBe(2);
    const named = uploads.map((upload) => ({ upload }));
    expect(await two.ask("two", { files: named, conversation: "other" })).toMatchObject(accepted);
    const [second] = await heard(two, 1);
    expect(second?.type === "accepted" && second.files).toEqual(first?.type === "accepted" && first.files);
    const stranger = await relay.client(undefined, "stranger");
    expect(code(await stranger.ask("mine", { files: named }))).toBe("NOT_FOUND");
  });

  it.each([
    ["that is no PDF by its bytes", { name: "a.pdf", bytes: Buffer.from("\x89PNG\r\n") }, "FILE_TYPE_UNSUPPORTED"],
    ["that is empty", { bytes: Buffer.alloc(0) }, "FILE_TYPE_UNSUPPORTED"],
    ["with a line break in its name", { name: "a\r\nX-Evil: 1.pdf" }, "FILE_NAME_INVALID"],
    ["without a name", { name: " " }, "FILE_NAME_INVALID"],
    ["that is too large to come along", { bytes: Buffer.concat([PDF, Buffer.alloc(1_048_576)]) }, "PAYLOAD_TOO_LARGE"],
    ["that is text", { bytes: "JVBERi0=" }, "BAD_MESSAGE"],
    ["that is nobody's upload", { upload: "unknown" }, "BAD_MESSAGE"],
  ])("does not store anything of a file %s, nor of the files beside it", async (_name, file, expected) => {
    const client = await relay.client();
    const before = await stored();
    expect(code(await client.ask("one", { files: [inline(), inline(file)] }))).toBe(expected);
    expect(await stored()).toEqual(before);
  });

  it("takes no more files than an ask may have, nor a message without end", async () => {
    const client = await relay.client();
    expect(await client.ask("one", { files: Array.from({ length: 9 }, () => inline()) })).toMatchObject({
      error: { code: "PAYLOAD_TOO_LARGE", reason: "file" },
    });
    expect(await client.ask("one", { message: "x".repeat(32_001) })).toMatchObject({
      error: { code: "PAYLOAD_TOO_LARGE", reason: "message" },
    });
    expect(await client.ask("one", { message: "x".repeat(32_000) })).toMatchObject(accepted);
  });

  it("keeps a password where only its extraction finds it", async () => {
    const client = await relay.client();
    const password = "correct-horse-battery";
    await client.ask("one", { files: [inline({ password })] });
    await relay.answer(CONVERSATION, ["x"]);
    expect(JSON.stringify(await heard(client, 4))).not.toContain(password);
    const holding = [...(await relay.dump())].filter(([key, value]) => (key + value).includes(password));
    expect(holding).toEqual([[expect.stringMatching(/^pw:[\w-]{32}$/), password]]);
    expect(relay.logged.join("")).not.toContain(password);
  });

  it("marks the file and its extraction as locked, so that no outcome without the password is stored for it", async () => {
    const client = await relay.client();
    await client.ask("one", { files: [inline({ password: "correct-horse-battery" }), inline()] });
    const dump = await relay.dump();
    const holding = (key: RegExp) => [...dump].flatMap(([name, value]) => (key.test(name) ? [value] : []));
    const locked = holding(/^\{bull\}:extract:[\w-]{32}$/).filter((job) => job.includes('locked\\":true'));
    expect(locked).toHaveLength(1);
    const [record = ""] = holding(/:ask:[\w-]{22}$/);
    expect(record.match(/locked\\":true/g)).toHaveLength(1);
  });

  it("keeps no password of a file whose outcome is known", async () => {
    const client = await relay.client();
    const files = [inline({ password: "correct-horse-battery" })];
    await client.ask("one", { files });
    const [key = ""] = (await relay.store.redis.keys("pw:*")).map((name) => name.slice("pw:".length));
    await writeText(relay.store, key, { kind: "failed", code: "PDF_ENCRYPTED", reason: "password", permanent: true });
    await dropPassword(relay.store, key);
    expect(await client.ask("two", { files, conversation: "another" })).toMatchObject(accepted);
    expect(await relay.store.redis.keys("pw:*")).toEqual([]);
  });
});

describe("a password for a file that needs none", () => {
  const TEXT: StoredText = {
    kind: "text",
    pages: ["Some words"],
    chars: 10,
    missing: [],
    ocr: [],
    truncated: false,
    extractMs: 1,
  };
  const files = [{ upload: "u", password: "not needed" }];

  /** Uploads the PDF. Returns its text key, its blob ref, and the hash of its bytes. */
  async function upload(client: Client): Promise<{ text: string; ref: string; sha256: string }> {
    const start = { upload: "u", name: "a.pdf", type: "application/pdf", size: PDF.length };
    expect(await client.send("upload:start", start)).toMatchObject({ ok: true });
    expect(await client.send("upload:chunk", { upload: "u", offset: 0, bytes: PDF })).toMatchObject({ done: true });
    const state = await readUpload(relay.store, USER, "u");
    return { text: state?.text ?? "", ref: state?.ref ?? "", sha256: state?.sha256 ?? "" };
  }
  const texts = async (client: Client, asks: number): Promise<string[][]> => {
    await heard(client, asks);
    const records = [...(await relay.dump())].filter(([key]) => /^\{s.*:ask:/.test(key));
    return records.map(([, value]) => [...value.matchAll(/text\\?":\\?"([\w-]{32})/g)].map(([, key]) => key ?? ""));
  };

  it("is ignored once the text is there and the bytes are gone, in an upload and beside bytes", async () => {
    const client = await relay.client();
    const { text, ref } = await upload(client);
    await writeText(relay.store, text, TEXT);
    await releaseBytes(relay.store, createBlobStore("redis", relay.store), ref, { text });
    expect(await client.ask("one", { files })).toMatchObject(accepted);
    expect(await client.ask("two", { files: [{ upload: "u" }, ...files] })).toMatchObject(accepted);
    expect(await client.ask("three", { files: [inline({ password: "another" }), ...files] })).toMatchObject(accepted);
    expect(new Set((await texts(client, 3)).flat())).toEqual(new Set([text]));
    expect(await relay.store.redis.keys("pw:*")).toEqual([]);
    // The repeated ask is recognised as a duplicate, although its password was ignored.
    expect(await client.ask("one", { files })).toMatchObject({ ok: true, duplicate: true });
  });

  it("does not hide why the file cannot be read", async () => {
    const client = await relay.client();
    const { text, ref } = await upload(client);
    await writeText(relay.store, text, { kind: "failed", code: "PDF_INVALID", permanent: true });
    await releaseBytes(relay.store, createBlobStore("redis", relay.store), ref, { text });
    expect(await client.ask("one", { files })).toMatchObject(accepted);
    expect(await texts(client, 1)).toEqual([[text]]);
  });

  it("makes another text while it is not known whether one is needed, and when one is", async () => {
    const client = await relay.client();
    const { text, ref } = await upload(client);
    expect(await client.ask("one", { files })).toMatchObject(accepted);
    await writeText(relay.store, text, { kind: "failed", code: "PDF_ENCRYPTED", permanent: true });
    expect(await client.ask("two", { files: [{ upload: "u", password: "right" }] })).toMatchObject(accepted);
    const keys = (await texts(client, 2)).flat();
    expect(new Set([text, ...keys]).size).toBe(3);
    expect(await relay.store.redis.exists(`retain:{${ref}}`)).toBe(1);
    expect((await relay.store.redis.keys("pw:*")).toSorted()).toEqual(keys.map((key) => `pw:${key}`).toSorted());
  });
});

describe("cancel", () => {
  it("ends a waiting ask, on any edge, and may be sent again", async () => {
    const [one, two] = [await relay.client(relay.edges[0]), await relay.client(relay.edges[1])];
    await one.ask("one");
    const cancel = { conversation: CONVERSATION, ask: "one" };
    expect(await two.send("cancel", cancel)).toEqual({ ok: true });
    expect(await heard(one, 2)).toMatchObject([{}, { type: "cancelled", ask: "one", text: "" }]);
    expect(await two.send("cancel", cancel)).toEqual({ ok: true });
    expect((await one.open(CONVERSATION)).events).toHaveLength(2);
  });

  it("does not find an ask in another conversation", async () => {
    const client = await relay.client();
    await client.ask("one");
    expect(code(await client.send("cancel", { conversation: "elsewhere", ask: "one" }))).toBe("NOT_FOUND");
    expect(code(await client.send("cancel", { conversation: CONVERSATION, ask: "two" }))).toBe("NOT_FOUND");
  });
});

describe("a refused ask", () => {
  it("leaves none of its files, whatever it is refused for", async () => {
    const client = await relay.client();
    expect(await client.ask("one", { message: "this", files: [inline()] })).toMatchObject(accepted);
    const before = await stored();
    const other = inline({ bytes: makePdf({ pages: ["Other words"] }) });
    expect(code(await client.ask("two", { replaces: "none", files: [other] }))).toBe("NOT_FOUND");
    expect(code(await client.ask("one", { message: "that", files: [other] }))).toBe("ASK_CONFLICT");
    expect(code(await client.ask("one", { message: "this", files: [inline({ name: "b.pdf" })] }))).toBe("ASK_CONFLICT");
    expect(code(await client.ask("three", { files: [other, { upload: "none" }] }))).toBe("NOT_FOUND");
    expect(await stored()).toEqual(before);
    expect(await client.ask("one", { message: "this", files: [inline()] })).toMatchObject({ duplicate: true });
    expect(await client.ask("two", { replaces: "one", files: [other] })).toMatchObject(accepted);
  });
});

describe("limits", () => {
  afterEach(async () => void (await relay.edges.at(-1)?.stop()));
  const only = async (env: Record<string, string>): Promise<Awaited<ReturnType<typeof relay.client>>> =>
    relay.client(await relay.start(env));

  it("say BUSY at a user's unfinished asks, and store nothing", async () => {
    const client = await only({ MAX_ASKS_IN_FLIGHT: "2" });
    const asks = await Promise.all(["one", "two"].map((id) => client.ask(id)));
    expect(asks).toMatchObject([accepted, accepted]);
    const before = await stored();
    const busy = { ok: false, error: { code: "BUSY", retryable: true, ask: "three", retryAfterMs: 1000 } };
    expect(await client.ask("three")).toMatchObject(busy);
    expect(await client.ask("three", { files: [inline()] })).toMatchObject(busy);
    expect(await client.ask("three", { files: [inline({ password: "x" })], conversation: "new" })).toMatchObject(busy);
    expect(await stored()).toEqual(before);
    expect(await client.ask("one")).toMatchObject({ ok: true, duplicate: true });
    await relay.answer(CONVERSATION, ["x"]);
    expect(await client.ask("three")).toMatchObject(accepted);
  });

  it("say BUSY to everybody at everybody's unfinished asks, but answer what is known", async () => {
    const client = await only({ MAX_QUEUED_ASKS: "3" });
    for (const id of ["one", "two", "three"]) expect(await client.ask(id)).toMatchObject(accepted);
    const before = await stored();
    const other = await relay.client(relay.edges.at(-1), "stranger");
    expect(code(await other.ask("four"))).toBe("BUSY");
    expect(code(await other.ask("four", { files: [inline()] }))).toBe("BUSY");
    expect(await stored()).toEqual(before);
    expect(await client.ask("two")).toMatchObject({ ok: true, duplicate: true });
  });

  it("say RATE_LIMITED, and when to come again, to one user and not to others", async () => {
    const client = await only({ ASKS_PER_SECOND: "1" });
    const answers = await Promise.all(Array.from({ length: 60 }, (_, n) => client.ask(`a${n}`)));
    const refused = answers.filter(({ ok }) => !ok);
    expect(refused.length).toBeGreaterThanOrEqual(50);
    expect(refused[0]).toMatchObject({ error: { code: "RATE_LIMITED", retryable: true } });
    expect(refused[0]?.error?.retryAfterMs).toBeGreaterThan(0);
    const other = await relay.client(relay.edges.at(-1), "stranger");
    expect(await other.ask("one")).toMatchObject(accepted);
  });
});
