import { makePdf } from "@docrelay/testkit";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { KEYS, type DrivenBrowser } from "./browsers/driven-browser.ts";
import { firefoxStarter } from "./browsers/firefox.ts";
import { webKitStarter } from "./browsers/webkit.ts";
import { useCluster } from "./cluster.ts";
import { usePageEngine } from "./page-engine.ts";

/** How many ms a test may take: a browser takes seconds to start, and much longer on a busy machine. */
const TEST_MS = 180_000;
const PATIENCE_MS = 100_000;
const FACT = "The lighthouse of Norrholm was painted green in 1931.";
const longAnswer = (prompt: string): string =>
  `The **lamp** burned on day ${/\d+/.exec(prompt)?.[0]}.${"\n\nA paragraph of an answer.".repeat(20)}`;
/** How many questions are asked: enough to fill several windows, even before the answers are drawn. */
const ASKS = 14;
const engine = usePageEngine(
  (prompt) => {
    if (prompt.startsWith("long")) return [longAnswer(prompt)];
    return prompt.startsWith("hold")
      ? ["It **was", " painted", " green**."]
      : ["It **was painted green in 1931**: $x^2$."];
  },
  () => [{ file: 0, page: 2 }],
);
const cluster = useCluster({
  edges: 1,
  env: { ENGINE_REPLY: "stream", KEEP_FILES_MS: "600000" },
  engineUrl: engine.url,
});

const folder = await mkdtemp(join(tmpdir(), "docrelay-files-"));
afterAll(() => rm(folder, { recursive: true }));
const report = join(folder, "report.pdf");
await writeFile(report, makePdf({ pages: ["A first page.", `An island has forty houses. ${FACT}`, "A last page."] }));

/** The browsers: name, Debian packages, and a function that starts the browser, or undefined if it is not installed. */
const BROWSERS: Array<[name: string, packages: string, start: (() => Promise<DrivenBrowser>) | undefined]> = [
  ["Firefox", "firefox-esr", firefoxStarter()],
  ["WebKit", "webkit2gtk-driver xvfb", webKitStarter()],
];

async function until(browser: DrivenBrowser, expression: string): Promise<void> {
  const options = { timeout: PATIENCE_MS, message: expression };
  await expect.poll(async () => browser.evaluate(`Boolean(${expression})`), options).toBe(true);
}
const find = (selector: string): string => `document.querySelector(${JSON.stringify(selector)})`;
const count = (selector: string): string => `document.querySelectorAll(${JSON.stringify(selector)}).length`;
const answer = (state: string): string => `.answer[data-state="${state}"]`;

/** Presses `key` (Shift-Tab by default) until the element has the focus. */
async function tabTo(browser: DrivenBrowser, selector: string, key = KEYS.shift + KEYS.tab): Promise<void> {
  for (let n = 0; n < 30; n++) {
    if (await browser.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) return;
    await browser.press(key);
  }
  throw new Error(`Tab does not come to ${selector}`);
}

describe("the page's main job, by keyboard alone", { timeout: TEST_MS }, () => {
  it.for(BROWSERS)("in %s", async ([, packages, start], context) => {
    // Not every system has a package of the browser, so the test is skipped where the browser is not installed.
    if (!start) return context.skip(`not here (apt-get install ${packages})`);
    await using browser = await start();
    await browser.goto(cluster.url());
    await until(browser, find('#connection[data-state="online"]'));
    // The browser's file dialog is not a part of the page and cannot be driven, so the test chooses the file directly.
    await tabTo(browser, "#attach");
    await browser.choose("#file", [report]);
    await until(browser, `${find("#files .chip")}?.innerText.includes("3 pages")`);

    await tabTo(browser, "#question", KEYS.tab);
    await browser.press(`hold and stop${KEYS.enter}`);
    await until(browser, `${find(answer("asking"))}?.innerText.includes("painted green")`);
    await browser.press(KEYS.escape);
    await until(browser, find(answer("cancelled")));

    await browser.press(`hold and reload${KEYS.enter}`);
    await until(browser, `${find(answer("asking"))}?.innerText.includes("painted green")`);
    await browser.press("a draft");
    await browser.reload();
    await until(browser, `${find(answer("asking"))}?.innerText.includes("painted green")`);
    engine.release();
    await until(browser, find(answer("completed")));
    expect(
      await browser.evaluate(`[...document.querySelectorAll(".text")].map((one) => one.innerText.trim())`),
    ).toEqual(["It was painted green.", "It was painted green. end"]);
    expect(await browser.evaluate(`${find("#question")}.value`)).toBe("a draft");

    await browser.press(` of a formula${KEYS.enter}`);
    await until(browser, find(".text .katex"));
    expect(engine.calls.at(-1)).toContain(FACT);

    await tabTo(browser, ".ask:last-child .cite .open");
    await browser.press(KEYS.enter);
    await until(browser, find("#viewer mark"));
    await browser.press(KEYS.right);
    await until(browser, `${find("#viewer")}.innerText.includes("A last page.")`);
    await browser.press(KEYS.escape);
    await until(browser, `${find("#viewer")}.hidden`);

    await tabTo(browser, "#new");
    await browser.press(KEYS.enter);
    await until(browser, `${count(".ask")} === 0`);
    await tabTo(browser, "#kept-open");
    await browser.press(KEYS.enter);
    await until(browser, `${find("#kept")}.innerText.includes("hold and stop")`);
    expect(await browser.problems()).toEqual([]);
  });
});

describe("words of an answer that is far out of sight", { timeout: TEST_MS }, () => {
  it.for(BROWSERS)("are found by the browser's search in %s", async ([, packages, start], context) => {
    if (!start) return context.skip(`not here (apt-get install ${packages})`);
    await using browser = await start();
    await browser.goto(cluster.url());
    await until(browser, find('#connection[data-state="online"]'));
    await tabTo(browser, "#question");
    for (let n = 1; n <= ASKS; n++) {
      await browser.press(`long, day ${n}${KEYS.enter}`);
      await until(browser, `${count(answer("completed"))} === ${n}`);
    }
    await browser.reload();
    await until(browser, `${count(`${answer("completed")} .text:not(:empty)`)} === ${ASKS}`);
    await until(browser, `${find(".ask:last-child .text strong")} && ${find(".ask")}.classList.contains("far")`);
    // Until the page has drawn an answer as Markdown, the page shows the answer's source. So either form may be found.
    const words = '["The lamp burned on day 1.", "The **lamp** burned on day 1."]';
    await until(browser, `${words}.some((one) => window.find(one, true, true))`);
    // The browser scrolls to the words that it has found.
    await until(browser, `${find(".ask .text")}.getBoundingClientRect().bottom > 0`);
    await until(browser, `!${find(".ask")}.classList.contains("far")`);
    await until(browser, find(".ask .text strong"));
  });
});
