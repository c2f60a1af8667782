import { makePdf } from "@docrelay/testkit";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { shot, violations } from "./axe.ts";
import { useCluster } from "./cluster.ts";
import { usePageEngine } from "./page-engine.ts";
import { usePage } from "./page.ts";

const LONG = "A word of the long answer. ".repeat(400);
const HEBREW = "המחיר הוא 120 USD (3 ימים).\n\nThe price is 120 USD.";

const engine = usePageEngine((prompt) => [
  prompt.includes("long") ? LONG : prompt.includes("מה") ? HEBREW : "An answer.",
]);

const browser = usePage();
const cluster = useCluster({
  edges: 1,
  env: { ENGINE_REPLY: "stream" },
  engineUrl: engine.url,
});

const file = (name: string, bytes: Uint8Array | string) => ({
  name,
  mimeType: "application/pdf",
  buffer: Buffer.from(bytes),
});
const report = file("report.pdf", makePdf({ pages: ["The lighthouse is green."] }));
const broken = file("broken.pdf", "%PDF-1.7 and nothing after it");
const question = "#question";
const answer = (page: Page, state: string) => page.locator(`.answer[data-state="${state}"]`);
async function ask(page: Page, text: string): Promise<void> {
  await page.fill(question, text);
  await page.press(question, "Enter");
}
async function chip(page: Page, text: string): Promise<void> {
  await page.locator("#files .chip", { hasText: text }).waitFor();
}

describe("the list of conversations", () => {
  it("finds, renames, saves and deletes them, in every tab", async () => {
    const profile = await browser.profile({ viewport: { width: 320, height: 700 } });
    const page = await browser.open(cluster.url(), profile);
    await page.setInputFiles("#file", [report]);
    await ask(page, "What is green?");
    await answer(page, "completed").waitFor();
    await page.getByRole("button", { name: "New conversation" }).click();
    await ask(page, "Another one");
    await answer(page, "completed").waitFor();
    const other = await browser.open(cluster.url(), profile);
    const list = (where: Page) => where.getByRole("complementary", { name: "Conversations" });
    for (const tab of [page, other]) {
      await tab.getByRole("button", { name: "Conversations" }).click();
      await list(tab).locator("li").nth(1).waitFor();
    }
    await list(page).getByText("Kept for 24 hours after the last question.").waitFor();
    expect(await violations(page, "kept")).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(320);
    await page.getByRole("searchbox").fill("report");
    expect(await list(page).locator(".name").allTextContents()).toEqual(["What is green?"]);
    await page.getByRole("button", { name: "Rename What is green?" }).click();
    await page.getByRole("textbox", { name: "Title" }).fill("The lighthouse");
    await page.keyboard.press("Enter");
    await list(other).getByText("The lighthouse").waitFor();
    const saving = page.waitForEvent("download");
    await page.getByRole("button", { name: "Save as Markdown" }).click();
    const saved = await saving;
    expect(saved.suggestedFilename()).toBe("Another one.md");
    expect(await readFile(await saved.path(), "utf8")).toBe("## Another one\n\nAn answer.\n");
    await list(page).getByText("The lighthouse").click();
    await page.getByText("What is green?").first().waitFor();
    expect(await list(page).isVisible()).toBe(false);
    await other.getByRole("button", { name: "Delete The lighthouse", exact: true }).click();
    await other.getByRole("button", { name: "Delete The lighthouse for good" }).click();
    await list(other).getByText("The lighthouse").waitFor({ state: "detached" });
    await page.getByText("This conversation was deleted in another window.").waitFor();
    expect(await list(other).locator(".name").allTextContents()).toEqual(["Another one"]);
    // Arrow keys choose the languages of the list one after another. The page must not be loaded again.
    await other.getByRole("combobox", { name: "Language" }).focus();
    await other.keyboard.press("ArrowDown");
    const take = other.getByRole("button", { name: "Use this language" });
    await take.waitFor();
    expect(await other.evaluate("document.documentElement.lang")).toBe("en");
    await other.getByRole("combobox", { name: "Language" }).selectOption("de");
    await take.click();
    await other.getByText("Verbunden").waitFor();
    await other.getByRole("button", { name: "Neu antworten" }).waitFor();
    expect(await other.evaluate("document.documentElement.lang")).toBe("de");
  });
});

describe("the page without a mouse", () => {
  it("is used by keys alone, which a list shows; theme and notifications are kept", async () => {
    const profile = await browser.profile({ permissions: ["notifications"] });
    await profile.addInitScript(`{
      globalThis.notices = [];
      const Real = Notification;
      globalThis.Notification = class extends Real {
        constructor(title, options) { super(title, options); notices.push(title + ": " + options.body); }
      };
    }`);
    const page = await browser.open(cluster.url(), profile);
    const focused = async () => page.evaluate("document.activeElement.id || document.activeElement.textContent");
    const { keyboard } = page;
    expect(await focused()).toBe("question");
    await keyboard.type("what?");
    await keyboard.press("Control+/");
    const keys = page.getByRole("dialog", { name: "Keyboard shortcuts" });
    await keys.waitFor();
    expect(await violations(page, "shortcuts")).toEqual([]);
    await keyboard.press("Escape");
    expect([await keys.isVisible(), await focused()]).toEqual([false, "question"]);
    expect(await page.inputValue(question)).toBe("what?");
    await page.fill(question, "");
    await keyboard.press("Shift+Tab");
    expect(await focused()).toBe("attach");
    await keyboard.press("?");
    await keys.waitFor();
    await keyboard.press("Escape");

    await page.setInputFiles("#file", [file("parts.pdf", makePdf({ pages: ["1. The lighthouse", "2. The island"] }))]);
    const suggested = page.getByRole("list", { name: "Suggested questions" }).getByRole("button");
    await suggested.nth(1).waitFor();
    expect(await suggested.allTextContents()).toEqual([
      "What does “The lighthouse” say?",
      "What does “The island” say?",
    ]);
    expect(await violations(page, "suggested")).toEqual([]);
    await suggested.first().focus();
    await keyboard.press("Enter");
    expect([await focused(), await page.inputValue(question)]).toEqual(["question", "What does “The lighthouse” say?"]);

    await keyboard.press("Control+Shift+L");
    expect(await focused()).toBe("Conversations");
    await page.evaluate(`document.activeElement.dispatchEvent(
      new KeyboardEvent("keydown", { key: "Escape", bubbles: true, isComposing: true }))`);
    await keyboard.press("Shift+Escape");
    expect([await focused(), await page.getByRole("heading", { name: "Conversations" }).isVisible()]).toEqual([
      "question",
      true,
    ]);
    await page.getByRole("combobox", { name: "Theme" }).focus();
    await keyboard.press("End");
    const scheme = async () => page.evaluate("getComputedStyle(document.documentElement).colorScheme");
    expect(await scheme()).toBe("dark");
    await page.getByRole("button", { name: "Notify me of answers" }).focus();
    await keyboard.press("Enter");
    await page.getByRole("button", { name: "Notify me of answers", pressed: true }).waitFor();
    await keyboard.press("Escape");
    expect(await focused()).toBe("kept-open");
    await keyboard.press("Shift+Escape");
    await page.evaluate(`Object.defineProperty(document, "hidden", { configurable: true, get: () => true })`);
    await keyboard.press("Enter");
    await answer(page, "completed").waitFor();
    expect(await page.evaluate("notices")).toEqual(["Answer ready: What does “The lighthouse” say?"]);
    await keyboard.press("Control+Shift+O");
    await page.getByRole("heading", { name: "Ask your PDFs" }).waitFor();
    await page.reload();
    expect(await scheme()).toBe("dark");
  });
});

describe("the page in each of its states", () => {
  it("has nothing that axe-core finds against WCAG 2.2 AA", async () => {
    const page = await browser.open(cluster.url());
    expect(await violations(page, "empty")).toEqual([]);
    await page.setInputFiles("#file", [report, file("empty.pdf", "")]);
    await chip(page, "1 page");
    await ask(page, "hold this");
    await answer(page, "asking").locator(".text:not(:empty)").waitFor();
    await ask(page, "and wait");
    await page.getByText("Waiting for your earlier question").waitFor();
    expect(await violations(page, "waiting")).toEqual([]);
    engine.release();
    await answer(page, "completed").nth(1).waitFor();
    await ask(page, "hold and stop");
    await answer(page, "asking").locator(".text:not(:empty)").waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await answer(page, "cancelled").waitFor();
    expect(await page.evaluate("document.activeElement.id")).toBe("question");
    await page.setViewportSize({ width: 320, height: 256 });
    await page.emulateMedia({ media: "print" });
    expect(await page.locator("#composer").isVisible()).toBe(false);
    await page.emulateMedia({ media: "screen" });
    expect(await violations(page, "narrow-stopped")).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBe(0);
    // At a zoom of 400 % a fixed composer would leave no room to read, so it must scroll with the page.
    expect(await page.evaluate(`getComputedStyle(document.querySelector("#composer")).position`)).toBe("static");
  });

  it("speaks the browser's language, or the one that is chosen, each laid out as it is written", async () => {
    const profile = await browser.profile({ viewport: { width: 320, height: 700 }, locale: "ar-EG" });
    const page = await browser.open(cluster.url(), profile);
    const html = async () => page.evaluate("document.documentElement.lang + ' ' + document.documentElement.dir");
    expect(await html()).toBe("ar rtl");
    expect(await violations(page, "empty-ar")).toEqual([]);
    await page.setInputFiles("#file", [report, file("empty.pdf", "")]);
    await chip(page, "صفحة واحدة");
    await ask(page, "What is green?");
    await answer(page, "completed").waitFor();
    await ask(page, "hold this");
    await answer(page, "asking").locator(".text:not(:empty)").waitFor();
    expect(await violations(page, "asking-ar")).toEqual([]);
    engine.release();
    await answer(page, "completed").nth(1).waitFor();
    await page.locator("#kept-open").click();
    await page.locator("#kept li").waitFor();
    expect(await violations(page, "kept-ar")).toEqual([]);
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.locator("#kept header button").click();
    await page.locator(".ask .chip .open").first().click();
    await page.locator("#viewer canvas").waitFor();
    // In Arabic, lines end at the left, so the document is at the left side of the window.
    expect((await page.locator("#viewer").boundingBox())?.x).toBe(0);
    expect(await violations(page, "viewer-ar")).toEqual([]);
    await page.setViewportSize({ width: 320, height: 700 });
    await page.keyboard.press("Escape");
    for (const tag of ["de", "fr", "hi", "ja", "pt"]) {
      await page.locator("#kept-open").click();
      await page.locator("#kept select").first().selectOption(tag);
      await page.locator("#kept .choice button").click();
      await page.locator(`html[lang="${tag}"][dir="ltr"]`).waitFor();
      await answer(page, "completed").nth(1).waitFor();
      expect([tag, await page.evaluate("document.documentElement.scrollWidth")]).toEqual([tag, 320]);
      await shot(page, `narrow-${tag}`);
    }
  });

  it("lays text out from right to left where it is written so, paragraph by paragraph", async () => {
    const page = await browser.open(cluster.url());
    await ask(page, "מה המחיר?");
    await answer(page, "completed").locator(".text p", { hasText: "The price" }).waitFor();
    const sides = await page.evaluate<number[]>(`(() => {
      const box = document.querySelector(".text");
      const edge = (line, side) => {
        const range = document.createRange();
        const text = [...box.querySelectorAll("p")].find((one) => one.textContent.includes(line)).firstChild;
        const start = text.data.indexOf(line);
        range.setStart(text, start);
        range.setEnd(text, start + line.length);
        return Math.abs(range.getBoundingClientRect()[side] - box.getBoundingClientRect()[side]);
      };
      return [edge("המחיר", "right"), edge("The price", "left")];
    })()`);
    for (const side of sides) expect(side).toBeLessThan(3);
  });

  it("stays where the reader has scrolled to, and goes back to the end by a button", async () => {
    const page = await browser.open(cluster.url());
    await ask(page, "hold a long one");
    await answer(page, "asking").locator(".text:not(:empty)").waitFor();
    const top = async (): Promise<number> => page.evaluate("document.documentElement.scrollTop");
    await expect.poll(top).toBeGreaterThan(100);
    const end = await top();
    await page.mouse.wheel(0, -60);
    await expect.poll(top).toBeLessThan(end);
    const read = await top();
    engine.release();
    await answer(page, "completed").waitFor();
    expect(await top()).toBe(read);
    await page.getByRole("button", { name: "Newest" }).click();
    await expect.poll(top).toBeGreaterThanOrEqual(end);
    expect(await page.getByRole("button", { name: "Newest" }).isVisible()).toBe(false);
    expect(await page.locator("#announce").textContent()).toBe("Answer ready, 2,401 words.");
  });

  it("says so, and no more, where scripts are not allowed", async () => {
    const profile = await browser.profile({ javaScriptEnabled: false });
    const page = await profile.newPage();
    await page.goto(cluster.url());
    await page.locator(".noscript", { hasText: "docrelay needs JavaScript" }).waitFor();
    expect(await page.getByRole("textbox").count()).toBe(0);
  });
});

describe("what a person has typed", () => {
  it("and attached survives a reload and New, and belongs to its conversation", async () => {
    const page = await browser.open(cluster.url());
    await page.setInputFiles("#file", report);
    await chip(page, "1 page");
    await page.fill(question, "half a quest");
    await page.reload();
    await chip(page, "report.pdf");
    expect(await page.inputValue(question)).toBe("half a quest");
    await page.getByRole("button", { name: "New conversation" }).click();
    expect(await page.inputValue(question)).toBe("");
    expect(await page.locator("#files .chip").count()).toBe(0);
    await page.getByRole("button", { name: "New conversation" }).click(); // does nothing: the conversation is empty
    await page.goBack();
    await chip(page, "report.pdf");
    expect(await page.inputValue(question)).toBe("half a quest");
  });

  it("is asked once when Enter is pressed twice, also with a file attached", async () => {
    const page = await browser.open(cluster.url());
    await page.setInputFiles("#file", report);
    await ask(page, "once");
    await page.press(question, "Enter");
    await answer(page, "completed").waitFor();
    expect(await page.locator(".ask").count()).toBe(1);
  });

  it("is not sent or stopped by keys of an input method", async () => {
    const page = await browser.open(cluster.url());
    const press = async (key: string, init: string): Promise<unknown> =>
      page.evaluate(`document.querySelector("#question").dispatchEvent(
        new KeyboardEvent("keydown", { key: "${key}", bubbles: true, cancelable: true, ${init} }))`);
    await page.fill(question, "にほ");
    await press("Enter", "keyCode: 229");
    await press("Enter", "isComposing: true");
    expect(await page.inputValue(question)).toBe("にほ");
    await ask(page, "hold this");
    await answer(page, "asking").waitFor();
    await press("Escape", "isComposing: true");
    engine.release();
    await answer(page, "completed").waitFor();
  });

  it("is composed in the browser: Enter accepts the words, and only the next Enter sends them", async () => {
    const page = await browser.open(cluster.url());
    await page.locator(question).focus();
    const devtools = await page.context().newCDPSession(page);
    const compose = async (text: string): Promise<unknown> =>
      devtools.send("Input.imeSetComposition", { text, selectionStart: text.length, selectionEnd: text.length });
    const heard = page.evaluate<boolean>(`new Promise((resolve) => addEventListener("keydown",
      ({ isComposing }) => resolve(isComposing), { capture: true, once: true }))`);
    await compose("にほんg");
    await compose("日本");
    // Dispatches a key that an input method uses: for such a key, browsers report the key code 229.
    const take = async (key: string): Promise<unknown> =>
      devtools.send("Input.dispatchKeyEvent", { type: "rawKeyDown", key, code: key, windowsVirtualKeyCode: 229 });
    await take("Enter");
    expect(await heard).toBe(true);
    await take("Escape");
    expect([await page.inputValue(question), await page.locator(".ask").count()]).toEqual(["日本", 0]);
    await devtools.send("Input.insertText", { text: "日本" });
    expect(await page.inputValue(question)).toBe("日本");
    await page.keyboard.press("Enter");
    await answer(page, "completed").waitFor();
    expect(await page.locator(".words").allTextContents()).toEqual(["日本"]);
  });

  it("can be asked without the file that fails, and changed before it is asked again, also after a reload", async () => {
    const page = await browser.open(cluster.url());
    await page.setInputFiles("#file", [report, broken]);
    await ask(page, "what is in these?");
    await page.locator(".failure", { hasText: "broken.pdf" }).waitFor();
    expect(await violations(page, "failed")).toEqual([]);
    await page.reload();
    await page.getByRole("button", { name: "Edit" }).click();
    expect(await page.inputValue(question)).toBe("what is in these?");
    await page.fill(question, "");
    await page.getByRole("button", { name: "Ask without broken.pdf" }).click();
    await answer(page, "completed").waitFor();
    expect(engine.calls.at(-1)).toContain("The lighthouse is green.");
  });

  it("waits in order; Stop ends the answer being written, and each waiting question has its own ×", async () => {
    const page = await browser.open(cluster.url());
    for (const text of ["hold one", "two", "three", "four", "five"]) await ask(page, text);
    await answer(page, "asking").locator(".text:not(:empty)").waitFor();
    await page.getByRole("button", { name: "Do not ask: three" }).click();
    await answer(page, "cancelled").waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await answer(page, "completed").nth(2).waitFor();
    const states = await page.evaluate<string[]>(
      `[...document.querySelectorAll(".answer")].map((one) => one.dataset.state)`,
    );
    expect(states).toEqual(["cancelled", "completed", "cancelled", "completed", "completed"]);
  });
});

describe("the files of a conversation", () => {
  it("are attached in a second tab too, and on another device of the same user", async () => {
    const profile = await browser.profile();
    const first = await browser.open(cluster.url(), profile);
    await first.setInputFiles("#file", report);
    await ask(first, "what is inside?");
    await answer(first, "completed").waitFor();
    const second = await browser.open(first.url(), profile);
    await chip(second, "report.pdf");
    // The second profile must act as another device: it has the same session, but no drafts.
    await second.evaluate(`localStorage.removeItem("docrelay:drafts")`);
    const device = await browser.open(first.url(), profile);
    await chip(device, "report.pdf");
    await ask(device, "And which colour?");
    await answer(device, "completed").nth(1).waitFor();
    expect(engine.calls.at(-1)).toContain("The lighthouse is green.");
  });

  it("have one draft in all tabs, which only the tab writes that is typed in", async () => {
    const profile = await browser.profile();
    const typed = await browser.open(cluster.url(), profile);
    const other = await browser.open(typed.url(), profile);
    await other.evaluate(`{
      globalThis.written = [];
      const { setItem } = Storage.prototype;
      Storage.prototype.setItem = function (key, value) { written.push(key); setItem.call(this, key, value); };
    }`);
    await typed.fill(question, "half a quest");
    await other.waitForFunction(`document.querySelector("#question").value === "half a quest"`);
    expect(await other.evaluate(`written.filter((key) => key === "docrelay:drafts")`)).toEqual([]);
  });

  it("stay on the screen, greyed, when the server has lost everything", async () => {
    const page = await browser.open(cluster.url());
    await ask(page, "remember this");
    await answer(page, "completed").waitFor();
    const redis = connect(cluster.redis.port, "127.0.0.1").end("FLUSHALL\r\n");
    await once(redis.resume(), "close");
    await ask(page, "and now this");
    await page.locator(".border", { hasText: "no longer has what stands above" }).waitFor();
    expect(await page.locator(".gone").textContent()).toContain("remember this");
    await answer(page, "completed").nth(1).waitFor();
    expect(await violations(page, "gone")).toEqual([]);
  });
});
