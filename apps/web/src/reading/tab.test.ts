import { memoryStorage } from "@docrelay/client";
import { afterEach, expect, it, vi } from "vitest";
import { createTab } from "./tab.ts";

afterEach(() => void vi.unstubAllGlobals());

/** A tab in the background of a browser that allows notifications, and the notifications it has shown. */
function hiddenTab() {
  const notices: string[] = [];
  class Notice {
    static readonly permission = "granted";
    readonly addEventListener = vi.fn();
    constructor(title: string, { body }: { body: string }) {
      notices.push(`${title}: ${body}`);
    }
  }
  const page = { hidden: true, title: "", querySelector: () => null, addEventListener: vi.fn() };
  vi.stubGlobal("document", page);
  vi.stubGlobal("Notification", Notice);
  vi.stubGlobal("isSecureContext", false);
  const storage = memoryStorage();
  storage.setItem("docrelay:notify", "yes");
  return { tab: createTab(storage), page, notices };
}

it("tells of an answer that came, and says of a question that failed what is wrong", () => {
  const { tab, page, notices } = hiddenTab();
  tab.ended({ question: "what?", state: "completed" });
  tab.ended({ question: "why?", state: "failed" }, "The AI engine did not answer in time.");
  expect(notices).toEqual(["Answer ready: what?", "The AI engine did not answer in time.: why?"]);
  expect(page.title).toBe("● 2 answers ready – docrelay");
});

it("does not tell of a question that the person has stopped in another tab", () => {
  const { tab, page, notices } = hiddenTab();
  tab.ended({ question: "what?", state: "cancelled" });
  expect([notices, page.title]).toEqual([[], ""]);
});
