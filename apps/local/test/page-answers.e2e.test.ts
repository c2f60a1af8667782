import { connect } from "@docrelay/client";
import { makePdf } from "@docrelay/testkit";
import type { Page, Request } from "playwright-core";
import { describe, expect, it } from "vitest";
import { violations } from "./axe.ts";
import { useCluster } from "./cluster.ts";
import { usePageEngine } from "./page-engine.ts";
import { usePage } from "./page.ts";

const MARKDOWN = `# The findings

Some **strong** words, a [link](https://example.test/a?b=c), a [trap](javascript:alert(1)) and <b class="markup">HTML</b>.

![a picture](https://example.test/leak?text=secret)

- one
- two
  1. inner

| quarter | revenue of the whole group | and its share |
|---|--:|---|
| first | 1 | ${"wide ".repeat(60)}|

\`\`\`js
const answer = 42; // forty-two
\`\`\`

The sum is $\\frac{a}{b}$, and it costs $5 or $6.

$$\\int_0^1 x^2\\,dx$$
`;
const PARAGRAPHS = Array.from({ length: 40 }, (_, n) => `Paragraph ${n}.`);
const ITEMS = Array.from({ length: 400 }, (_, n) => `item ${n} of the list`);
const MANY_BLOCKS = `${PARAGRAPHS.join("\n\n")}\n\n${ITEMS.map((item) => `- ${item}\n`).join("")}\nThe end.`;
const FACT = "The lighthouse of Norrholm was painted green in 1931.";
const pages = ["A first page.", `An island has forty houses. ${FACT} It rains there.`, "A last page."];
const report = { name: "report.pdf", mimeType: "application/pdf", buffer: Buffer.from(makePdf({ pages })) };
/** Returns an answer in pieces, which a worker writes to the log as several events. */
const pieces = (n: number): string[] => [
  `Answer ${n} begins`,
  ...Array.from({ length: 9 }, (_, part) => ` ${part}`),
  ".",
];
const engine = usePageEngine(
  (prompt) => {
    const nth = /^question (\d+)$/.exec(prompt)?.[1];
    if (nth !== undefined) return pieces(Number(nth));
    if (prompt.includes("blocks")) return MANY_BLOCKS.match(/[^]{1,300}/g) ?? [];
    return prompt.includes("markdown") ? (MARKDOWN.match(/[^]{1,40}/g) ?? []) : ["It **was painted green in 1931**."];
  },
  (prompt) => (prompt.includes("lighthouse") ? [{ file: 0, page: 2 }] : []),
  ["Who painted it?", "And before?"],
);

const browser = usePage();
const cluster = useCluster({
  edges: 1,
  env: { ENGINE_REPLY: "stream", ASKS_PER_SECOND: "1000", MAX_CONVERSATION_EVENTS: "1800" },
  engineUrl: engine.url,
});

async function ask(page: Page, text: string): Promise<void> {
  await page.fill("#question", text);
  await page.press("#question", "Enter");
}

describe("the first load", () => {
  it("is at most 60 kB: Markdown, formulas, colours and documents are loaded when they are needed", async () => {
    const profile = await browser.profile();
    const page = await profile.newPage();
    const loaded = page.waitForEvent("load");
    const sizes: Array<Promise<number>> = [];
    const count = (request: Request): void =>
      void sizes.push(request.sizes().then(({ responseBodySize }) => responseBodySize));
    page.on("requestfinished", count);
    await page.goto(cluster.url());
    await loaded;
    await page.getByText("Connected").waitFor();
    // Requests that end after this point are not counted: the page may be closed before their size is known.
    page.off("requestfinished", count);
    const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    expect(bytes).toBeGreaterThan(20_000);
    expect(bytes).toBeLessThan(60_000);
  });
});

describe("an answer in Markdown", () => {
  it("is read as such, with code and formulas, and loads nothing from elsewhere", async () => {
    const profile = await browser.profile({ permissions: ["clipboard-read", "clipboard-write"] });
    const page = await browser.open(cluster.url(), profile);
    const requests: string[] = [];
    page.on("request", (request) => requests.push(request.url()));
    await ask(page, "hold: markdown *as it is*");
    await page.locator(".answer .text figure.code").waitFor();
    expect(await page.locator(".words").textContent()).toBe("hold: markdown *as it is*");
    engine.release();
    await page.locator('.answer[data-state="completed"]').waitFor();
    await page.locator(".text .katex").nth(1).waitFor();
    await page.locator(".text .hljs-keyword", { hasText: "const" }).waitFor();

    const text = page.locator(".answer .text");
    expect(await text.locator("h3").textContent()).toBe("The findings");
    expect(await text.locator("a").evaluateAll((links) => links.map((one) => one.outerHTML))).toEqual([
      `<a href="https://example.test/a?b=c" title="https://example.test/a?b=c" target="_blank" rel="noopener noreferrer nofollow">link</a>`,
      `<a href="https://example.test/leak?text=secret" title="https://example.test/leak?text=secret" target="_blank" rel="noopener noreferrer nofollow">a picture</a>`,
    ]);
    expect(await text.locator("img, .markup, script").count()).toBe(0);
    expect(await text.textContent()).toContain("it costs $5 or $6.");
    expect(await text.locator("ul > li > ol > li").textContent()).toBe("inner");
    expect(requests.filter((url) => !url.startsWith(cluster.url()))).toEqual([]);

    await page.getByRole("button", { name: "Copy", exact: true }).click();
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe(`${MARKDOWN} end`);
    await page.getByRole("button", { name: "Copy code" }).click();
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe("const answer = 42; // forty-two");

    expect(await violations(page, "markdown")).toEqual([]);
    await page.setViewportSize({ width: 320, height: 640 });
    expect(await violations(page, "markdown-narrow")).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBe(0);
    await page.getByRole("button", { name: "Plain text" }).click();
    expect(await text.textContent()).toBe(`${MARKDOWN} end`);
    await page.getByRole("button", { name: "Plain text" }).click();
    await page.locator(".text .katex").nth(1).waitFor();
  });
});

describe("an answer of many blocks", () => {
  it("is whole, in parts that are not laid out while they are out of sight", async () => {
    const page = await browser.open(cluster.url());
    await ask(page, "many blocks");
    const text = page.locator('.answer[data-state="completed"] .text');
    await text.getByText("The end.").waitFor();
    expect(await text.locator("p").allTextContents()).toEqual([...PARAGRAPHS, "The end."]);
    expect(await text.locator("li").allTextContents()).toEqual(ITEMS);
    const sizes = await text.locator(".part").evaluateAll((parts) => parts.map((part) => part.childElementCount));
    expect(sizes.slice(0, 2)).toEqual([10, 10]);
    expect(Math.max(...sizes)).toBe(10);
    const skips = await page.evaluate(`getComputedStyle(document.querySelector(".part")).contentVisibility`);
    expect(skips).toBe("auto");
  });
});

describe("a long conversation that is opened again", () => {
  it("draws answers out of sight when the browser is idle; before, shows them as they came until they are near, or on paper", async () => {
    const page = await browser.open(cluster.url());
    for (let n = 0; n < 8; n++) {
      await ask(page, `markdown, the ${n}. time`);
      await page.locator(".ask").nth(n).locator('.answer[data-state="completed"]').waitFor();
    }
    await page.setViewportSize({ width: 800, height: 200 });
    await page.reload();
    const texts = page.locator(".answer .text");
    const first = page.locator(".ask").first();
    await expect.poll(() => texts.locator("table").count()).toBe(8);
    await expect.poll(() => texts.locator(".math math").count()).toBe(16);
    expect(await first.locator("button", { hasText: "Regenerate" }).count()).toBe(1);
    // The class `far`: the answer is drawn, but not laid out, because it is out of sight. The browser's search must
    // find its words nevertheless, even a phrase that is partly bold.
    expect(await first.getAttribute("class")).toBe("ask far");
    const finds = (words: string): Promise<boolean> => page.evaluate(`window.find("${words}", true, true)`);
    expect(await finds("Some strong words")).toBe(true);
    expect(await finds("markdown, the 0. time")).toBe(true);
    await expect.poll(() => first.getAttribute("class")).toBe("ask");
    expect(await page.evaluate("getSelection().toString()")).toBe("markdown, the 0. time");

    // The page believes that the browser is never idle. The same happens in Safari, which has no idle callbacks.
    await page.addInitScript("window.requestIdleCallback = () => 0");
    await page.reload();
    await texts.last().locator("h1, h2, h3").first().waitFor();
    await page.locator(".answer .text.plain", { hasText: "# The findings" }).first().waitFor();
    expect(await page.evaluate("document.documentElement.scrollHeight - innerHeight - scrollY")).toBeLessThan(3);
    expect(await page.locator("#newest").isHidden()).toBe(true);
    // The answer is not drawn yet: it has words, which can be found and read out, but no table and no button.
    expect(await first.locator(".words").textContent()).toBe("markdown, the 0. time");
    expect(await first.locator("table, button").count()).toBe(0);
    expect(await finds("markdown, the 0. time")).toBe(true);
    await first.locator("table").waitFor();
    expect(await first.locator(".text").getAttribute("class")).toBe("text");
    expect(await first.locator("button", { hasText: "Regenerate" }).count()).toBe(1);
    await page.reload();
    await page.locator(".answer .text.plain").first().waitFor();
    await expect.poll(() => texts.locator(".math math").count()).toBeGreaterThan(0);
    // When a script prints, the browser prints the page as it is after the listeners for `beforeprint`, so these
    // listeners must draw all formulas.
    const missing = await page.evaluate(`(() => {
      dispatchEvent(new Event("beforeprint"));
      return [...document.querySelectorAll(".text .math")].filter((one) => !one.querySelector("math")).length;
    })()`);
    expect(missing).toBe(0);
    expect(await page.locator(".answer .text.plain").count()).toBe(0);
    expect(await page.locator(".answer .text table").count()).toBe(8);
    expect(await page.locator(".answer button", { hasText: "Regenerate" }).count()).toBe(8);
  });
});

describe("500 questions", () => {
  it("are each on the page after a reload, with their whole answers, though the log has lost pieces of them", async () => {
    const page = await browser.open(cluster.url());
    const kept = await page.evaluate<string>("JSON.stringify(localStorage)");
    const token = /token\W+([\w.-]+)/.exec(kept)?.[1] ?? "";
    const asking = connect({ url: cluster.url(), token });
    const conversation = asking.conversation(new URL(page.url()).hash.slice("#c=".length));
    const numbers = Array.from({ length: 500 }, (_, n) => n);
    const given = (n: number): string => pieces(n).join("");
    for (const n of numbers) expect(await conversation.ask(`question ${n}`).text()).toBe(given(n));
    let count = 0;
    conversation.subscribe({ event: ({ type }) => (count += type === "delta" ? 1 : 0) });
    asking.close();

    await page.reload();
    await expect.poll(() => page.locator(".ask").count()).toBe(500);
    await expect.poll(() => page.locator('.answer[data-state="completed"] .text:not(:empty)').count()).toBe(500);
    expect(await page.locator(".ask .words").allTextContents()).toEqual(numbers.map((n) => `question ${n}`));
    expect(await page.locator(".answer .text").allTextContents()).toEqual(numbers.map(given));

    // More than half of the pieces are no longer in the log. So the page has drawn answers from the text in their
    // terminal events.
    const reading = connect({ url: cluster.url(), token });
    const log = reading.conversation(conversation.id);
    let held = 0;
    log.subscribe({ event: (event) => (held += event.type === "delta" && event.text !== "" ? 1 : 0) });
    await log.ready;
    reading.close();
    expect(held).toBeLessThan(count / 2);
  });
});

describe("a citation", () => {
  it("opens the document at the page, with the sentence marked, and says so when the bytes are gone", async () => {
    const page = await browser.open(cluster.url(), undefined, /status of 410/);
    await page.setInputFiles("#file", report);
    await page.locator("#files .chip canvas").waitFor();
    await ask(page, "Which colour has the lighthouse?");
    const cite = page.getByRole("button", { name: "Open report.pdf at page 2" });
    await cite.click();
    const viewer = page.getByRole("complementary", { name: "Document" });
    const marked = viewer.locator("mark");
    await marked.first().waitFor();
    expect((await marked.allTextContents()).join(" ")).toBe(FACT.slice(0, -1));
    expect(await viewer.getByLabel("Page", { exact: true }).first().inputValue()).toBe("2");
    expect(await violations(page, "viewer")).toEqual([]);
    await page.keyboard.press("ArrowRight");
    await viewer.getByText("A last page.").waitFor();
    await viewer.getByRole("button", { name: "What was read" }).click();
    await viewer.locator(".read", { hasText: "A last page." }).waitFor();
    await page.setViewportSize({ width: 320, height: 640 });
    expect(await violations(page, "viewer-narrow")).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBe(0);
    await page.keyboard.press("Escape");
    expect(await viewer.isVisible()).toBe(false);
    expect(await page.evaluate("document.activeElement.title")).toBe("Open report.pdf at page 2");

    // After the reload the browser no longer has the file, so the page asks the server for it. By default the server
    // has removed the file after its extraction.
    const answered = page.waitForResponse((response) => /\/v1\/uploads\/[\w-]+$/.test(response.url()));
    // The response for the document is held back, so that the user opens and closes "What was read" before it arrives.
    const held = Promise.withResolvers<void>();
    await page.route(/\/v1\/uploads\/[\w-]+$/, (route) => held.promise.then(() => route.continue()));
    await page.reload();
    await cite.click();
    const read = viewer.getByRole("button", { name: "What was read" });
    await read.click();
    await viewer.locator(".read", { hasText: FACT }).waitFor();
    await read.click();
    held.resolve();
    expect((await answered).status()).toBe(410);
    await viewer.getByText("The server keeps files for a short time only").waitFor();
    await viewer.locator(".read", { hasText: FACT }).waitFor();
    expect(await violations(page, "viewer-gone")).toEqual([]);
  });
});

describe("a question and its answer", () => {
  it("are asked again and changed in their place, with the earlier versions a step away", async () => {
    const page = await browser.open(cluster.url());
    const versions = page.getByRole("group", { name: "Versions" });
    await ask(page, "one");
    // A question that the engine suggests is put into the composer, where the user can change or send it.
    const suggested = page.getByRole("list", { name: "Suggested questions" }).getByRole("button");
    await suggested.nth(1).waitFor();
    expect(await suggested.allTextContents()).toEqual(["Who painted it?", "And before?"]);
    expect(await violations(page, "follow-ups")).toEqual([]);
    await suggested.first().click();
    expect(await page.inputValue("#question")).toBe("Who painted it?");
    expect(await page.evaluate("document.activeElement.id")).toBe("question");
    await page.fill("#question", "");
    await page.getByRole("button", { name: "Regenerate" }).click();
    await versions.getByText("Version 2 of 2").waitFor();
    await page.getByRole("button", { name: "Edit" }).click();
    expect(await page.inputValue("#question")).toBe("one");
    await page.getByText("You are changing an earlier question.").waitFor();
    await page.fill("#question", "hold one, changed");
    await page.evaluate(`Object.defineProperty(document, "hidden", { configurable: true, get: () => true })`);
    await page.press("#question", "Enter");
    await versions.getByText("Version 3 of 3").waitFor();
    expect(await page.getByText("You are changing an earlier question.").isVisible()).toBe(false);
    await page.locator('.answer[data-state="asking"] .text:not(:empty)').waitFor();
    engine.release();
    await page.locator('.answer[data-state="completed"]').waitFor();
    expect(await page.title()).toBe("● Answer ready – hold one, changed – docrelay");
    expect(await page.getAttribute('link[rel="icon"]', "href")).toMatch(/\/news\.svg$/);
    await page.evaluate(`delete document.hidden; document.dispatchEvent(new Event("visibilitychange"))`);
    expect(await page.title()).toBe("hold one, changed – docrelay");

    // Screen readers announce only changes of a status element that was visible before, so the element must not be
    // hidden.
    expect(await page.locator(".feedback [role=status]").evaluate("(said) => getComputedStyle(said).display")).not.toBe(
      "none",
    );
    await page.getByRole("button", { name: "Good answer" }).click();
    await page.getByRole("textbox", { name: "Tell more, if you like" }).fill("It names the year.");
    await page.keyboard.press("Enter");
    await page.getByText("Thank you.").waitFor();

    await page.reload();
    await versions.getByText("Version 3 of 3").waitFor();
    expect(await page.locator(".ask").count()).toBe(1);
    const good = page.getByRole("button", { name: "Good answer", pressed: true });
    await page.getByRole("button", { name: "Bad answer", pressed: false }).waitFor();
    await good.waitFor();
    await page.locator(".by summary").click();
    await page.getByText("Reference for support: ").waitFor();
    expect(await violations(page, "versions")).toEqual([]);
    await good.click();
    await page.getByRole("button", { name: "Good answer", pressed: false }).waitFor();
    await page.getByRole("button", { name: "Earlier version" }).click();
    expect(await page.locator(".words").textContent()).toBe("one");
    await page.getByRole("button", { name: "Later version" }).click();
    expect(await page.locator(".words").textContent()).toBe("hold one, changed");
    expect(engine.calls.filter((call) => call.includes("one"))).toEqual(["one", "one", "hold one, changed"]);
  });
});

describe("feedback on an answer", () => {
  it("with a word that is sent before the page has drawn the verdict is not lost", async () => {
    const page = await browser.open(cluster.url());
    await ask(page, "one");
    const good = page.getByRole("button", { name: "Good answer" });
    await good.waitFor();
    await page.evaluate("window.requestAnimationFrame = () => 0");
    await good.click();
    await page.getByRole("textbox", { name: "Tell more, if you like" }).fill("It names the year.");
    await page.keyboard.press("Enter");
    await page.getByText("Thank you.").waitFor();
    expect(await good.getAttribute("aria-pressed")).toBe("true");
    await page.reload();
    await page.getByRole("button", { name: "Good answer", pressed: true }).waitFor();
  });
});
