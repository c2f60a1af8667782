import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, spawnNode } from "@docrelay/testkit";
import { expect, it } from "vitest";
import { startStandIn } from "../test/stand-in.ts";

const MAIN = join(import.meta.dirname, "main.ts");

it("prints a table and writes JSON and a page that needs nothing else", async () => {
  await using relay = await startStandIn();
  const folder = await mkdtemp(join(tmpdir(), "docrelay-bench-"));
  try {
    const [json, html] = [join(folder, "a.json"), join(folder, "a.html")];
    const files = ["--json", json, "--html", html];
    const args = ["asks", "--url", relay.url, "--rate", "50", "--duration", "1", "--warmup", "1", ...files];
    await using bench = spawnNode(MAIN, { args });
    expect(await bench.exited).toEqual({ code: 0, signal: null });
    expect(bench.lines.join("\n")).toMatch(/whole( +[\d.]+){4} +50\n[^]*answered +50\n[^]*lost +0/);
    expect(JSON.parse(await readFile(json, "utf8"))).toMatchObject({ kind: "asks", sections: [{ title: "asks" }] });
    const page = await readFile(html, "utf8");
    expect(page).toContain("<polyline");
    expect(page).not.toMatch(/(src|href)=|NaN|undefined|Infinity/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it("says what is wrong and how it is used, and exits with 78; with 1 when nobody answers", async () => {
  await using wrong = spawnNode(MAIN, { args: ["asks"] });
  expect(await wrong.exited).toEqual({ code: 78, signal: null });
  expect(wrong.lines.join("\n")).toMatch(/--url is missing[^]*connections, asks, pdfs/);
  await using help = spawnNode(MAIN, { args: ["standard", "--help"] });
  expect(await help.exited).toEqual({ code: 0, signal: null });
  await using nobody = spawnNode(MAIN, { args: ["asks", "--url", "http://127.0.0.1:9"] });
  expect(await nobody.exited).toEqual({ code: 1, signal: null });
});

it("leaves no process and no folder when it is killed", async () => {
  const folder = await mkdtemp(join(tmpdir(), "docrelay-bench-"));
  try {
    const server = process.env["DOCRELAY_REDIS_SERVER"];
    const env = { TMPDIR: folder, ...(server ? { DOCRELAY_REDIS_SERVER: server } : {}) };
    await using bench = spawnNode(MAIN, { args: ["standard", "--rounds", "1", "--rows", "asks"], env });
    await eventually(async () => (await readdir(folder)).length >= 2, { what: "its folders", timeoutMs: 60_000 });
    bench.kill("SIGKILL");
    await eventually(async () => (await readdir(folder)).length === 0, { what: "an empty folder" });
  } finally {
    await rm(folder, { recursive: true });
  }
});
