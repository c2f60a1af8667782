import { eventually, makePdf } from "@docrelay/testkit";
import { WebSocket } from "ws";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { useEdges } from "./fixture.ts";
import { form, pdfFile } from "./http-client.ts";

/**
 * A file name that must be cleaned: it has a path, a mark that reverses the direction of text, and invisible tag
 * characters that only an engine would read (as "ig").
 */
const SENT = `..\\a/x\u202e${String.fromCodePoint(0xe0069, 0xe0067)}\u200b.pdf`;
const KEPT = "x.pdf";

const relay = useEdges();
const pdf = makePdf({ pages: ["one"] });
const base64 = Buffer.from(pdf).toString("base64");
const url = (path: string): string => `http://127.0.0.1:${relay.edges[0]?.port}${path}`;
async function post(path: string, body: string | FormData | Uint8Array<ArrayBuffer>): Promise<Response> {
  const type = typeof body === "string" ? { "content-type": "application/json" } : {};
  const headers = { authorization: `Bearer ${await relay.token()}`, ...type };
  return fetch(url(path), { method: "POST", headers, body });
}
const file = { type: "file", file: { filename: SENT, file_data: base64 } };
const inputFile = { type: "input_file", filename: SENT, file_data: base64 };

/** Every way in which a client can send a file name to an edge. */
const ENDPOINTS: Readonly<Record<string, () => Promise<unknown>>> = {
  "upload:start": async () => {
    const client = await relay.client();
    await client.send("upload:start", { upload: "u", name: SENT, type: "application/pdf", size: pdf.length });
    return client.send("upload:chunk", { upload: "u", offset: 0, bytes: pdf });
  },
  "a file inside an ask": async () =>
    (await relay.client()).ask("one", { files: [{ name: SENT, type: "application/pdf", bytes: pdf }] }),
  "/ws/chat": async () => {
    const socket = new WebSocket(url("/ws/chat").replace("http", "ws"), [
      "docrelay.v1",
      `bearer.${await relay.token()}`,
    ]);
    await once(socket, "open");
    socket.send(JSON.stringify({ message: "?", file: { name: SENT, content: base64 } }));
    return socket;
  },
  "a form of POST /v1/asks": () => post("/v1/asks", form(["message", "?"], ["file", pdfFile(pdf, SENT)])),
  "JSON of POST /v1/asks": () =>
    post("/v1/asks", JSON.stringify({ message: "?", files: [{ name: SENT, content: base64 }] })),
  "POST /v1/uploads": () => post(`/v1/uploads?name=${encodeURIComponent(SENT)}`, Uint8Array.from(pdf)),
  "POST /v1/files": () => post("/v1/files", form(["purpose", "user_data"], ["file", pdfFile(pdf, SENT)])),
  "POST /v1/chat/completions": () =>
    post(
      "/v1/chat/completions",
      JSON.stringify({
        model: "m",
        stream: true,
        messages: [{ role: "user", content: [{ type: "text", text: "?" }, file] }],
      }),
    ),
  "POST /v1/responses": () =>
    post(
      "/v1/responses",
      JSON.stringify({
        model: "m",
        stream: true,
        input: [{ role: "user", content: [{ type: "input_text", text: "?" }, inputFile] }],
      }),
    ),
};

describe("the name of a file that came through", () => {
  it.each(Object.keys(ENDPOINTS))("%s is its last part, without what nobody sees", async (endpoint) => {
    const opened = await ENDPOINTS[endpoint]?.();
    const uploads = async (): Promise<string[]> =>
      [...(await relay.dump())].flatMap(([key, value]) => (key.includes(":up:") ? [value] : []));
    await eventually(async () => (await uploads()).length > 0, { what: "the file" });
    for (const value of await uploads()) expect(JSON.parse(value)).toMatchObject({ name: KEPT });
    const everything = JSON.stringify([...(await relay.dump())]);
    expect(everything).toContain(KEPT);
    expect(everything).not.toMatch(/[\u202e\u200b\u{e0069}]|\.\.[\\/]/u);
    if (opened instanceof WebSocket) opened.terminate();
    else if (opened instanceof Response) await opened.body?.cancel();
  });
});
