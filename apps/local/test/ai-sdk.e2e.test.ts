import { startBalancer } from "@docrelay/testkit";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { useCluster } from "./cluster.ts";
import { useFrontEnd } from "./front-end.ts";
import { useToldEngine } from "./told-engine.ts";

const engine = useToldEngine();
const frontEnd = useFrontEnd("ai-sdk.tsx");
const cluster = useCluster({
  edges: 2,
  get env() {
    return { ENGINE_REPLY: "stream", CORS_ALLOWED_ORIGINS: frontEnd.origin };
  },
  engineUrl: () => engine.url,
});

let count = 0;
const place = (): string => `conversation-${++count}`;
const texts = async (page: Page): Promise<string[]> => page.locator("p").allTextContents();
const status = async (page: Page, is: string): Promise<void> => page.locator(`[data-status="${is}"]`).waitFor();
async function ask(page: Page, text: string): Promise<void> {
  await page.fill("#question", text);
  await page.click("text=Ask");
}
const answer = (page: Page, text: string) => page.locator('p[data-role="assistant"]', { hasText: text });
/** Returns the type of each terminal event in the conversation's log. */
async function ends(page: Page): Promise<string[]> {
  return page.evaluate<string[]>("seen.relay.conversation(location.hash.slice(1)).turns.map(({ state }) => state)");
}

it.each(["&plain", ""])("hiding it and a reload cancel nothing, and show each text once (%s)", async (search) => {
  const page = await frontEnd.open(cluster.url(), place(), { search });
  await ask(page, "hold while hidden");
  await answer(page, "One. ").waitFor();
  await page.reload();
  await answer(page, "One. ").waitFor();
  if (!search) {
    await page.click("text=Hide");
    await page.click("text=Show");
    await answer(page, "One. ").waitFor();
  }
  engine.release();
  await answer(page, "One. Two.").waitFor();
  await status(page, "ready");
  // With `&plain` the page uses plain `useChat`: the application itself must pass earlier messages, which this front
  // end does not do. So the question is missing after the reload.
  expect(await texts(page)).toEqual([...(search ? [] : ["hold while hidden"]), "One. Two."]);
  expect(await ends(page)).toEqual(["completed"]);
});

it("two tabs show each other's questions, and stop cancels", async () => {
  const profile = await frontEnd.profile();
  const at = place();
  const one = await frontEnd.open(cluster.url(), at, { profile });
  const other = await frontEnd.open(cluster.url(), at, { profile });
  await ask(one, "hold for two tabs");
  await answer(other, "One. ").waitFor();
  await status(other, "streaming");
  await one.click("text=Stop");
  for (const page of [one, other]) {
    await status(page, "ready");
    await page.locator('p[data-role="assistant"][data-state="cancelled"]').waitFor();
    expect(await texts(page)).toEqual(["hold for two tabs", "One. "]);
  }
  expect(await ends(one)).toEqual(["cancelled"]);
  engine.release();
});

it.each([
  ["&plain", "completed"],
  ["&plain&cancels", "cancelled"],
])("an abort by stop() and by leaving (%s): the ask is %s", async (search, end) => {
  const page = await frontEnd.open(cluster.url(), place(), { search });
  for (const [act, most] of [
    ["Stop", 1],
    ["Hide", 2],
  ] as const) {
    await ask(page, `hold, then ${act}`);
    await answer(page, "One. ")
      .nth(most - 1)
      .waitFor();
    await page.click(`text="${act}"`);
    // Without `&cancels` the abort does not cancel the ask, so the engine has to end the answer.
    if (end === "completed") engine.release();
    await expect.poll(async () => ends(page)).toEqual(Array.from({ length: most }, () => end));
    engine.release();
  }
});

it.each(["&plain", ""])("text of an attempt that failed is taken back (%s)", async (search) => {
  const page = await frontEnd.open(cluster.url(), place(), { search });
  const question = `drop the first answer ${search}`;
  await ask(page, question);
  await answer(page, "WRONG ").waitFor();
  engine.release();
  await answer(page, "Right.").waitFor();
  await status(page, "ready");
  expect(await texts(page)).toEqual([question, "Right."]);
});

it("a refused question is an error with its code, and one that is asked again takes its place", async () => {
  const page = await frontEnd.open(cluster.url(), place());
  await ask(page, "hello");
  await answer(page, "An answer.").waitFor();
  await status(page, "ready");
  await page.click("text=Again");
  await expect.poll(async () => engine.calls.filter((call) => call === "hello").length).toBe(2);
  await answer(page, "An answer.").waitFor();
  await status(page, "ready");
  expect(await texts(page)).toEqual(["hello", "An answer."]);
  await ask(page, "x".repeat(40_000));
  await page.locator('[data-status="error"][data-error]').waitFor();
});

// This test must stay the last test of the file: it kills one of the two edges.
it.each([""])("goes on at another edge when its own is killed (%s)", async (search) => {
  await using balancer = await startBalancer(() => cluster.edges.map(({ port }) => port));
  const page = await frontEnd.open(balancer.url, place(), { search });
  await ask(page, "hold through a kill");
  await answer(page, "One. ").waitFor();
  const dying = cluster.edges.find(({ port }) => port === balancer.newest);
  dying?.process.kill("SIGKILL");
  await dying?.process.exited;
  engine.release();
  await answer(page, "One. Two.").waitFor();
  await status(page, "ready");
  expect(await texts(page)).toEqual(["hold through a kill", "One. Two."]);
  expect(await ends(page)).toEqual(["completed"]);
});
