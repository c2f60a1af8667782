import { makePdf, startBalancer } from "@docrelay/testkit";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { useCluster } from "./cluster.ts";
import { useFrontEnd } from "./front-end.ts";
import { useToldEngine, WORDS } from "./told-engine.ts";

const engine = useToldEngine();
const frontEnd = useFrontEnd("react.tsx");
const cluster = useCluster({
  edges: 2,
  get env() {
    return { ENGINE_REPLY: "stream", CORS_ALLOWED_ORIGINS: frontEnd.origin };
  },
  engineUrl: () => engine.url,
});

let count = 0;
const place = (): string => `conversation-${++count}`;
const turn = (page: Page, state: string, name = "first") => page.locator(`#${name} li[data-state="${state}"]`);
/** Waits until the element is in the page; it need not be visible, because an empty list never is. */
const attached = async (page: Page, selector: string): Promise<void> =>
  page.locator(selector).waitFor({ state: "attached" });
const texts = async (page: Page, name = "first"): Promise<string[]> =>
  page.locator(`#${name} li span`).allTextContents();
const seen = async <T>(page: Page, what: string): Promise<T> => page.evaluate<T>(`seen.${what}`);

async function ask(page: Page, text: string): Promise<void> {
  await page.fill("#question", text);
  await page.click("text=Ask");
}
/** Returns the types of the events in the conversation's log. */
async function logged(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`(async () => {
    const types = [];
    const conversation = seen.relay.conversation(location.hash.slice(1));
    const stop = conversation.subscribe({ event: ({ type }) => type !== "delta" && types.push(type) });
    stop();
    return types;
  })()`);
}

it("shows a conversation in all components at once, with at most one render a frame", async () => {
  const page = await frontEnd.open(cluster.url(), place());
  await attached(page, '#first[data-status="idle"]');
  await ask(page, "many words");
  await turn(page, "completed", "second").waitFor();
  expect(await texts(page)).toEqual([WORDS.join("")]);
  expect(await texts(page, "second")).toEqual([WORDS.join("")]);
  const [renders, frames] = [await seen<number>(page, "renders"), await seen<number>(page, "frames")];
  expect(renders).toBeGreaterThan(3);
  // StrictMode runs the first effect twice, so there may be two more renders than frames.
  expect(renders).toBeLessThanOrEqual(frames + 2);
});

it("an answer goes on while nothing shows it, and over a reload", async () => {
  const page = await frontEnd.open(cluster.url(), place());
  await ask(page, "hold while hidden");
  await page.getByText("One. ").first().waitFor();
  await page.click("text=Hide");
  await page.click("text=Show");
  expect(await texts(page)).toEqual(["One. "]);
  await page.click("text=Hide");
  engine.release();
  await page.click("text=Show");
  await turn(page, "completed").waitFor();
  expect(await texts(page)).toEqual(["One. Two."]);

  await ask(page, "hold over a reload");
  await turn(page, "running").getByText("One. ").waitFor();
  await page.reload();
  await turn(page, "running").getByText("One. ").waitFor();
  engine.release();
  await turn(page, "completed").nth(1).waitFor();
  expect(await texts(page)).toEqual(["One. Two.", "One. Two."]);
  expect(await logged(page)).toEqual(["accepted", "started", "completed", "accepted", "started", "completed"]);
});

it("two tabs show each other's questions, and either stops them", async () => {
  const profile = await frontEnd.profile();
  const at = place();
  const [one, other] = [
    await frontEnd.open(cluster.url(), at, { profile }),
    await frontEnd.open(cluster.url(), at, { profile }),
  ];
  await ask(one, "hold for two tabs");
  await turn(other, "running").getByText("One. ").waitFor();
  await other.click("text=Stop");
  for (const page of [one, other]) {
    await turn(page, "cancelled").waitFor();
    expect(await texts(page)).toEqual(["One. "]);
  }
  engine.release();
});

it("text of an attempt that failed goes away, and a turn can be asked again", async () => {
  const page = await frontEnd.open(cluster.url(), place());
  await ask(page, "drop the first answer");
  await page.getByText("WRONG ").first().waitFor();
  engine.release();
  await turn(page, "completed").waitFor();
  expect(await texts(page)).toEqual(["Right."]);
  await page.click("text=Again");
  await turn(page, "completed").nth(1).waitFor();
  expect(await texts(page)).toEqual(["Right.", "Right."]);
});

it("files are uploaded as they are chosen, and asked about; refused ones say why", async () => {
  const page = await frontEnd.open(cluster.url(), place());
  const file = (name: string, content: Uint8Array | string) => ({
    name,
    mimeType: "application/pdf",
    buffer: Buffer.from(content),
  });
  await page.setInputFiles("#file", [
    file("one.pdf", makePdf({ pages: ["The lamp is green.", "Two."] })),
    file("none.pdf", "no pdf at all"),
  ]);
  await page.locator('[data-file="one.pdf"][data-state="ready"]').getByText("2 pages").waitFor();
  await page.locator('[data-file="none.pdf"][data-state="failed"][data-code="FILE_TYPE_UNSUPPORTED"]').waitFor();
  await page.click("text=Remove none.pdf");
  await ask(page, "what colour?");
  await turn(page, "completed").waitFor();
  expect(engine.calls.at(-1)).toContain("The lamp is green.");
  expect(await page.locator("[data-file]").count()).toBe(0);
});

it("errors are values: of a call, and of the connection", async () => {
  const page = await frontEnd.open(cluster.url(), place());
  await attached(page, '#first[data-status="idle"]');
  await page.click("text=Retry nothing");
  await attached(page, '#first[data-error="INTERNAL"][data-status="idle"]');
  await ask(page, "x".repeat(40_000));
  await page.locator('#first li[data-state="failed"]').waitFor();
  await page.context().setOffline(true);
  await attached(page, '#second[data-status="offline"][data-error="UNREACHABLE"]');
  await page.context().setOffline(false);
  await attached(page, '#second[data-status="idle"]');
});

it("lists the user's conversations, and renames and deletes them in all tabs", async () => {
  const profile = await frontEnd.profile();
  const [one, other] = [
    await frontEnd.open(cluster.url(), place(), { profile }),
    await frontEnd.open(cluster.url(), place(), { profile }),
  ];
  const titles = (page: Page) => page.locator("#list b");
  await attached(one, '#list[data-known="true"]');
  await ask(one, "what is listed?");
  await titles(other).getByText("what is listed?").waitFor();
  await ask(other, "another");
  await titles(one).nth(1).waitFor();
  expect(await titles(one).allTextContents()).toEqual(["another", "what is listed?"]);
  await one.click("text=Rename to nothing");
  await attached(one, '#list[data-error="BAD_MESSAGE"]');
  await one.click("text=Rename another");
  await titles(other).getByText("Renamed").waitFor();
  await attached(one, "#list:not([data-error])");
  await other.click("text=Delete Renamed");
  await titles(one).getByText("Renamed").waitFor({ state: "detached" });
  expect(await titles(one).allTextContents()).toEqual(["what is listed?"]);
});

it("takes over what a server has rendered", async () => {
  const page = await frontEnd.open(cluster.url(), place(), { search: "&rendered" });
  await ask(page, "hello");
  await turn(page, "completed").waitFor();
  expect(await texts(page)).toEqual(["An answer."]);
});

it("waits with a component that suspends, and misses nothing", async () => {
  const page = await frontEnd.open(cluster.url(), place());
  await page.locator("#waiting").waitFor({ state: "attached" });
  await ask(page, "hello");
  await turn(page, "completed").waitFor();
  await page.evaluate("seen.resume()");
  await page.getByText("resumed 1").waitFor();
});

// This test must stay the last test of the file: it kills one of the two edges.
it("goes on at another edge when its own is killed", async () => {
  await using balancer = await startBalancer(() => cluster.edges.map(({ port }) => port));
  const page = await frontEnd.open(balancer.url, place());
  await ask(page, "hold through a kill");
  await page.getByText("One. ").first().waitFor();
  const dying = cluster.edges.find(({ port }) => port === balancer.newest);
  dying?.process.kill("SIGKILL");
  await dying?.process.exited;
  engine.release();
  await turn(page, "completed").waitFor();
  expect(await texts(page)).toEqual(["One. Two."]);
  await page.locator('main[data-relay="online"]').waitFor();
});
