import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { contentPolicy, findInline } from "./content-policy.ts";

const PAGE = `<!doctype html><style>p { color: red }</style>
<SCRIPT type="module">const text = "<style>none</style>"; f(1)</SCRIPT><script src="a.js"></script><p>1 < 2</p>`;

it("finds what stands between the tags, and nothing inside of it", () => {
  expect(findInline(PAGE)).toEqual([
    { kind: "style", text: "p { color: red }" },
    { kind: "script", text: 'const text = "<style>none</style>"; f(1)' },
  ]);
  expect(findInline("<script>never closed")).toEqual([]);
});

it("allows exactly the inline code of the page, and frames of the named origins only", () => {
  const hash = createHash("sha256").update("p { color: red }").digest("base64");
  const policy = contentPolicy(findInline(PAGE), []);
  expect(policy).toContain(`style-src 'self' 'sha256-${hash}';`);
  expect(policy).toMatch(/script-src 'self' 'sha256-[\w+/]{43}=';/);
  expect(policy).not.toContain("unsafe");
  expect(policy).toContain("; connect-src 'self'; ");
  expect(policy).toMatch(/; frame-ancestors 'none'$/);
  expect(contentPolicy([], ["https://a.test", "http://b.test:81"])).toMatch(
    /; script-src 'self'; .*frame-ancestors https:\/\/a\.test http:\/\/b\.test:81$/,
  );
});
