import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, relative, sep } from "node:path";
import { gzipSync } from "node:zlib";

/** The page's few files, in memory. Other paths are left to the caller. */
export interface StaticSite {
  /** Responds to a GET or HEAD; returns false for an unknown path. */
  answer(path: string, request: IncomingMessage, response: ServerResponse): boolean;
}

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
};
const TEXT = new Set([".html", ".js", ".css", ".svg"]);
/** Names under this folder hold a hash of their content. */
const HASHED = "/assets/";

const SECURITY = {
  "content-security-policy":
    "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
};

interface Asset {
  readonly bytes: Buffer;
  readonly packed: Buffer | undefined;
  readonly etag: string;
  readonly headers: Record<string, string>;
}

/** Reads a built page; a missing folder gives a site without files. */
export function readStaticSite(folder: string): StaticSite {
  const assets = new Map<string, Asset>();
  const names = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
  for (const entry of names) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    assets.set(`/${relative(folder, file).split(sep).join("/")}`, readAsset(file));
  }
  const index = assets.get("/index.html");
  if (index) assets.set("/", index);

  return {
    answer(path, request, response) {
      const asset = assets.get(path);
      if (!asset || (request.method !== "GET" && request.method !== "HEAD")) return false;
      const cache = path.startsWith(HASHED) ? "public, max-age=31536000, immutable" : "no-cache";
      const headers = { ...asset.headers, ...SECURITY, "cache-control": cache };
      if (holds(request.headers["if-none-match"], asset.etag)) {
        response.writeHead(304, headers).end();
        return true;
      }
      const packs = asset.packed !== undefined && /\bgzip\b/.test(String(request.headers["accept-encoding"] ?? ""));
      const body = packs && asset.packed ? asset.packed : asset.bytes;
      response.writeHead(200, {
        ...headers,
        ...(packs ? { "content-encoding": "gzip" } : {}),
        "content-length": body.length,
      });
      response.end(request.method === "HEAD" ? undefined : body);
      return true;
    },
  };
}

/** Whether the browser has this version already. A proxy that compresses turns an etag into a weak one. */
function holds(header: string | undefined, etag: string): boolean {
  const held = (header ?? "").split(",").map((one) => one.trim().replace(/^W\//, ""));
  return held.includes(etag) || held.includes("*");
}

function readAsset(file: string): Asset {
  const bytes = readFileSync(file);
  const ending = extname(file);
  const etag = `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
  return {
    bytes,
    packed: TEXT.has(ending) ? gzipSync(bytes, { level: 9 }) : undefined,
    etag,
    headers: { "content-type": TYPES[ending] ?? "application/octet-stream", etag, vary: "accept-encoding" },
  };
}
