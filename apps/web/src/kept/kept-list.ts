import { RelayError, type Conversations, type ListedConversation, type Turn } from "@docrelay/client";
import { isComposing } from "../composing/keys.ts";
import { element } from "../frame/element.ts";
import type { Frame } from "../frame/frame.ts";
import { wordsFor } from "../words/errors.ts";
import { createRow } from "./row.ts";
import { fileName, search, toJson, toMarkdown } from "./kept.ts";
import { say } from "../words/say.ts";

export interface KeptListener {
  shown(): { readonly id: string | undefined; readonly turns: readonly Turn[] };
  open(conversation: string): void;
  /** A conversation was deleted. `here` is false when another window deleted it. */
  onDeleted(conversation: string, here: boolean): void;
}

const PAGE = 50;
const HOUR_MS = 3_600_000;

/** The list of the user's conversations, which the button `kept-open` opens and closes. */
// oxlint-disable-next-line max-lines-per-function -- the elements of the list and what they do, in the order of the page
export function createKeptList(
  frame: Frame,
  { conversations, settings: choices }: { conversations: Conversations; settings: readonly HTMLElement[] },
  on: KeptListener,
): { toggle(): void; close(): void } {
  const root = frame.find("kept", HTMLElement);
  const opener = frame.find("kept-open", HTMLButtonElement);
  const find = element("input", { type: "search", "aria-label": say("search"), placeholder: say("search") });
  const list = element("ul", {});
  const said = element("p", { class: "said", role: "status" });
  const more = element("button", { type: "button", class: "quiet", click: () => void load(true) }, say("older"));
  const button = (label: string, click: () => void): HTMLButtonElement =>
    element("button", { type: "button", class: "quiet", click }, label);
  const title = element("h2", { tabindex: -1 }, say("conversations"));
  const close = element("button", { type: "button", class: "quiet", "aria-label": say("closeList"), click: hide }, "×");
  const saves = element(
    "div",
    { class: "saves", role: "group", "aria-label": say("thisConversation") },
    button(say("saveMarkdown"), () => save("md", "text/markdown", ({ turns }) => toMarkdown(turns))),
    button(say("saveJson"), () => save("json", "application/json", ({ id = "", turns }) => toJson(id, turns))),
    button(say("print"), () => {
      hide();
      print();
    }),
  );
  const settings = element("div", { class: "settings" }, ...choices);
  root.append(
    element("header", {}, title, close),
    element("div", { class: "find" }, find),
    said,
    list,
    more,
    saves,
    settings,
  );
  let all: readonly ListedConversation[] = [];
  /** Conversations that were deleted in this window. */
  const deleted = new Set<string>();
  let turn = 0;

  async function load(older = false): Promise<void> {
    const mine = ++turn;
    try {
      const before = older ? all.at(-1)?.id : undefined;
      const page = await conversations.list({ limit: PAGE, ...(before !== undefined && { before }) });
      if (mine !== turn) return;
      all = older ? [...all, ...page.conversations] : page.conversations;
      more.hidden = !page.more;
      show();
    } catch (error) {
      if (mine === turn && error instanceof RelayError) said.textContent = wordsFor(error.wire).what;
    }
  }
  function show(): void {
    const found = search(all, find.value);
    const rows = found.map((one) =>
      createRow(one, one.id === on.shown().id, {
        open() {
          on.open(one.id);
          hide();
        },
        rename: async (name) => act(async () => conversations.rename(one.id, name)),
        remove: async () =>
          act(async () => {
            deleted.add(one.id);
            await conversations.delete(one.id);
            title.focus();
          }),
      }),
    );
    list.replaceChildren(...rows);
    const [first] = all;
    const hours = first && Math.max(1, Math.round((first.expiresAt - first.at) / HOUR_MS));
    if (!first) said.textContent = say("noConversation");
    else if (found.length === 0) said.textContent = say("nothingFound");
    else said.textContent = say("keptFor", { n: hours ?? 0 });
  }
  async function act(what: () => Promise<void>): Promise<void> {
    try {
      await what();
    } catch (error) {
      if (error instanceof RelayError) said.textContent = `${wordsFor(error.wire).what} ${wordsFor(error.wire).advice}`;
    }
  }
  function save(ending: string, type: string, write: (shown: ReturnType<KeptListener["shown"]>) => string): void {
    const shown = on.shown();
    const known = all.find(({ id }) => id === shown.id)?.title;
    const url = URL.createObjectURL(new Blob([write(shown)], { type }));
    element("a", { href: url, download: fileName(known ?? shown.turns[0]?.question ?? "", ending) }).click();
    // Browsers read the file some time after the click, so its address must stay valid until then.
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }
  function hide(): void {
    if (root.hidden) return;
    const hadFocus = root.contains(frame.focused());
    root.hidden = true;
    turn++;
    opener.setAttribute("aria-expanded", "false");
    if (hadFocus) opener.focus();
  }

  function toggle(): void {
    if (!root.hidden) return hide();
    root.hidden = false;
    opener.setAttribute("aria-expanded", "true");
    saves.hidden = on.shown().turns.length === 0;
    title.focus();
    void load();
  }
  opener.addEventListener("click", toggle);
  find.addEventListener("input", show);
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.shiftKey || isComposing(event)) return;
    // Escape closes the list here; it must not also stop an answer.
    event.stopPropagation();
    hide();
  });
  const stop = conversations.onChange((hint) => {
    if (hint?.change === "deleted") on.onDeleted(hint.conversation, deleted.delete(hint.conversation));
    // The list is not reloaded while a row is being renamed.
    if (!root.hidden && list.querySelector("form") === null) void load();
  });
  return {
    toggle,
    close() {
      stop();
      hide();
    },
  };
}
