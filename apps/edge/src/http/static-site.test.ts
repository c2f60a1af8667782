import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, request, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readStaticSite } from "./static-site.ts";

const STYLE = "p { color: red }";
const PAGE = `<!doctype html><title>docrelay</title><style>${STYLE}</style>${"<p>words</p>".repeat(100)}`;
let folder: string;
let server: Server;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "docrelay-site-"));
  const site = join(folder, "dist");
  mkdirSync(join(site, "assets"), { recursive: true });
  writeFileSync(join(folder, "secret.txt"), "secret");
  writeFileSync(join(site, "index.html"), PAGE);
  writeFileSync(join(site, "assets", "app-1a2b.js"), "console.log(1)");
  writeFileSync(join(site, "docrelay.js"), "/*! docrelay 1.2.3 */\nexport const sdk = 1;\n");
  writeFileSync(join(site, "docrelay-chat.js"), "export const chat = 1;\n");
  writeFileSync(join(site, "icon.png"), Buffer.from([1, 2, 3]));
  symlinkSync(join(folder, "secret.txt"), join(site, "link.txt"));
  const pages = readStaticSite(site, { frameAncestors: [] });
  server = createServer((incoming, response) => {
    if (!pages.answer((incoming.url ?? "").split("?")[0] ?? "", incoming, response)) response.writeHead(404).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}
/** Sends the path unchanged; `fetch` would normalise a path such as `/a/../b`. */
function get(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: "127.0.0.1", path, headers, method }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    sent.on("error", reject);
    sent.end();
  });
}

describe("the page's files", () => {
  it("are served with headers that let nothing foreign in", async () => {
    const { status, headers, body } = await get("/");
    expect([status, body.toString()]).toEqual([200, PAGE]);
    expect(headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
      "content-length": String(PAGE.length),
      vary: "accept-encoding",
    });
    expect(headers["content-security-policy"]).toMatch(/default-src 'self'.*frame-ancestors 'none'/);
    expect((await get("/?x=1")).body.toString()).toBe(PAGE);
    expect((await get("/index.html")).status).toBe(200);
  });

  it("are kept for ever when their name holds their hash", async () => {
    const { headers } = await get("/assets/app-1a2b.js");
    expect(headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    expect(headers["content-type"]).toBe("text/javascript; charset=utf-8");
  });

  it("have the SDK among them, for pages of any origin, kept for ever under its version", async () => {
    for (const [path, cache] of [
      ["/docrelay.js", "no-cache"],
      ["/docrelay.js?v=1.2.2", "no-cache"],
      ["/docrelay.js?v=1.2.3", "public, max-age=31536000, immutable"],
    ] as const) {
      const { status, headers } = await get(path);
      expect([path, status, headers["cache-control"]]).toEqual([path, 200, cache]);
      expect(headers).toMatchObject({
        "content-type": "text/javascript; charset=utf-8",
        "access-control-allow-origin": "*",
        "cross-origin-resource-policy": "cross-origin",
      });
    }
    expect((await get("/")).headers).not.toHaveProperty("access-control-allow-origin");
  });

  it("have what the SDK's element loads, for pages of any origin: its script is always today's", async () => {
    for (const [path, cache] of [
      ["/docrelay-chat.js?v=1.2.3", "no-cache"],
      ["/assets/app-1a2b.js", "public, max-age=31536000, immutable"],
    ] as const) {
      const { headers } = await get(path);
      expect(headers).toMatchObject({ "cache-control": cache, "access-control-allow-origin": "*" });
    }
  });

  it("of another build are a script that loads the page again, and today's style", async () => {
    const script = await get("/assets/index-0ld.js");
    expect([script.status, script.headers["content-type"]]).toEqual([200, "text/javascript; charset=utf-8"]);
    expect(script.body.toString()).toContain("location.reload()");
    const style = await get("/assets/index-0ld.css");
    expect([style.status, style.body.toString()]).toEqual([200, STYLE]);
    for (const { headers } of [script, style]) expect(headers["cache-control"]).toBe("no-store");
    // A page may request other files long after it was loaded. Such a file must not be replaced by the script that
    // reloads the page.
    for (const path of [
      "/assets/math-0ld.js",
      "/assets/a/b.js",
      "/assets/index-0ld.html",
      "/index-0ld.js",
      "/assets/.js",
    ])
      expect((await get(path)).status).toBe(404);
  });

  it("are packed for who can unpack them, and pictures never", async () => {
    const packed = await get("/", { "accept-encoding": "br, gzip" });
    expect(packed.headers["content-encoding"]).toBe("gzip");
    expect(gunzipSync(packed.body).toString()).toBe(PAGE);
    expect((await get("/icon.png", { "accept-encoding": "gzip" })).headers["content-encoding"]).toBeUndefined();
  });

  it("are not sent again to who has them", async () => {
    const { etag = "" } = (await get("/")).headers;
    for (const held of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const again = await get("/", { "if-none-match": held });
      expect([held, again.status, again.body.length]).toEqual([held, 304, 0]);
    }
    expect((await get("/", { "if-none-match": '"other"' })).status).toBe(200);
  });

  it("answer HEAD without a body, and are not for other methods", async () => {
    const head = await get("/", {}, "HEAD");
    expect([head.status, head.body.length, head.headers["content-length"]]).toEqual([200, 0, String(PAGE.length)]);
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) expect((await get("/", {}, method)).status).toBe(404);
  });

  it.each([
    "/../secret.txt",
    "/..%2fsecret.txt",
    "/assets/../index.html",
    "/assets/..%5cindex.html",
    "//",
    "//evil.test",
    "//evil.test/index.html",
    "/assets",
    "/assets/",
    "/INDEX.html",
    "/link.txt",
    "/toString",
    "http://evil.test/",
    "*",
  ])("do not include %s", async (path) => expect((await get(path)).status).toBe(404));

  it("are none when the page was not built", async () => {
    const none = readStaticSite(join(folder, "not-there"), { frameAncestors: [] });
    for (const path of ["/", "/assets/index-0ld.js"]) expect(none.answer(path, {} as never, {} as never)).toBe(false);
  });
});
