import type { Event } from "@docrelay/protocol";
import { makePdf } from "@docrelay/testkit";
import { setTimeout as sleep } from "node:timers/promises";
import type { History } from "../history.ts";
import type { Random } from "../random.ts";
import { openTab, type Tab } from "./tab.ts";

/** One user with two tabs of one conversation, who sends asks, some of them with a PDF, and cancels some. */
export interface User {
  readonly name: string;
  readonly token: string;
  readonly conversation: string;
  readonly tabs: readonly Tab[];
  /**
   * How many acknowledged asks there are whose terminal event no tab of the user has shown yet. Asks that a rollback
   * has removed do not count.
   */
  readonly unfinished: number;
  /** Sends asks until the signal is aborted, then resolves when no send is pending. */
  live(until: AbortSignal): Promise<void>;
  /**
   * Sends one ask, again and again until it is acknowledged or refused for good, or the user gives up. Resolves to the
   * ask's id.
   */
  ask(file?: "pdf" | "no-pdf"): Promise<string>;
  close(): void;
}

export interface UserOptions {
  readonly name: string;
  readonly token: string;
  readonly conversation: string;
  readonly history: History;
  readonly random: Random;
  /** The words that mark files, for which the engine searches in prompts; the user adds those of its files. */
  readonly markers: Set<string>;
  readonly tabs?: number;
  readonly careless?: boolean;
  /** The share of asks with a PDF; default: a tenth. */
  readonly pdfShare?: number;
  /** The share of PDFs that are uploaded before the ask. */
  readonly uploadShare?: number;
  /** The share of asks that are cancelled. */
  readonly cancelShare?: number;
  /** The share of asks after which a tab reconnects, to any edge. */
  readonly moveShare?: number;
  /** Called after each stored chunk of an upload; the upload continues when the returned promise has resolved. */
  onStored?(offset: number): unknown;
  url(): string;
}

const PDF_SHARE = 0.1;
const NO_PDF_SHARE = 0.01;
const CANCEL_SHARE = 0.03;
const MOVE_SHARE = 0.01;
const MAX_AT_ONCE = 3;
const UPLOAD_SHARE = 0.4;
const PATIENCE_MS = 90_000;

export function createUser(options: UserOptions): User {
  const { name, token, conversation, history, random } = options;
  const ended = new Set<string>();
  const acked = new Set<string>();
  const onShown = (event: Event): void => {
    if (event.type === "accepted") acked.add(event.ask);
    if (event.type === "completed" || event.type === "failed" || event.type === "cancelled") ended.add(event.ask);
  };
  const tabs = Array.from({ length: options.tabs ?? 2 }, (_, index) =>
    openTab({
      user: name,
      name: `${name}.${index + 1}`,
      conversation,
      token,
      history,
      url: () => options.url(),
      random: () => random.next(),
      onShown,
      onReset() {
        acked.clear();
        ended.clear();
      },
      careless: options.careless ?? false,
    }),
  );
  const person: Person = { options, tabs, ended, acked, count: 0 };

  return {
    name,
    token,
    conversation,
    tabs,
    ask: (file) => ask(person, file),
    get unfinished() {
      return unfinished(person);
    },
    live: (until) => live(person, until),
    close() {
      for (const tab of tabs) tab.close();
    },
  };
}

interface Person {
  readonly options: UserOptions;
  readonly tabs: readonly Tab[];
  readonly ended: Set<string>;
  readonly acked: Set<string>;
  /** How many asks the user has sent. */
  count: number;
}

type GivenFile = "pdf" | "no-pdf" | undefined;

function unfinished({ acked, ended }: Person): number {
  return [...acked].filter((id) => !ended.has(id)).length;
}

/** Sends asks at intervals, sometimes several at once. */
async function live(person: Person, until: AbortSignal): Promise<void> {
  const { options, tabs } = person;
  const { random } = options;
  while (!until.aborted) {
    if (unfinished(person) < MAX_AT_ONCE) {
      const file = random.chance(options.pdfShare ?? PDF_SHARE)
        ? "pdf"
        : random.chance(NO_PDF_SHARE)
          ? "no-pdf"
          : undefined;
      const id = await ask(person, file);
      if (random.chance(options.cancelShare ?? CANCEL_SHARE)) void cancelSoon(person, id);
      if (random.chance(options.moveShare ?? MOVE_SHARE)) random.pick(tabs).move();
    }
    await sleep(random.between(50, 900));
  }
}

async function ask(person: Person, file: GivenFile): Promise<string> {
  const { options, tabs, acked } = person;
  const { name, conversation, history, random } = options;
  const id = `${name}-${++person.count}`;
  const marker = file === "pdf" ? `mark${random.between(1e9, 9e9).toString(36)}${name}x` : undefined;
  if (marker) options.markers.add(marker);
  const bytes = bytesOf(file, `Notes of ${name}.\nThe word is ${marker}.`);
  history.add({ kind: "sent", user: name, conversation, ask: id, ...(marker ? { marker } : {}) });
  const begun = performance.now();
  let refusals = 0;
  const byUpload = file === "pdf" && random.chance(options.uploadShare ?? UPLOAD_SHARE);
  let unknown = false;
  while (performance.now() - begun < PATIENCE_MS) {
    const tab = random.pick(tabs);
    await tab.whenOnline();
    const files = bytes ? await attach(options, tab, { bytes, upload: byUpload ? `up-${id}` : undefined }) : [];
    const sentAt = performance.now();
    const payload = { id, conversation, message: `[ask:${id}] what now?`, ...(bytes ? { files } : {}) };
    const answer = files && (await tab.send<{ seq: number; duplicate: boolean }>("ask", payload));
    if (answer?.ok) {
      const { seq, duplicate } = answer;
      acked.add(id);
      tab.expect(seq);
      const ms = Math.round(performance.now() - sentAt);
      history.add({ kind: "acked", user: name, conversation, ask: id, seq, duplicate, ms });
      // Sometimes the ask is sent again, as a page does when the acknowledgement was lost.
      if (random.chance(0.05)) void again(options, random.pick(tabs), payload);
      return id;
    }
    if (!answer || answer.error.code === "STORE_UNAVAILABLE" || answer.error.code === "INTERNAL") unknown = true;
    else refusals++;
    const { code = "NO_ANSWER", retryable = true, retryAfterMs = 0 } = answer?.ok === false ? answer.error : {};
    // After a retryable refusal a user may give up: then nothing of the ask may be stored.
    const givesUp = !unknown && refusals > 2 && random.chance(0.3);
    if (!retryable || givesUp) {
      history.add({ kind: "refused", user: name, conversation, ask: id, code, clean: !unknown });
      return id;
    }
    await sleep(Math.max(retryAfterMs, random.between(50, 400)));
  }
  history.add({ kind: "refused", user: name, conversation, ask: id, code: "GAVE_UP", clean: false });
  return id;
}

function bytesOf(file: GivenFile, text: string): Uint8Array | undefined {
  if (file === undefined) return undefined;
  return file === "pdf" ? makePdf({ pages: [text, "Second page."] }) : Buffer.from("this is no PDF at all");
}

async function again({ name, conversation, history }: UserOptions, tab: Tab, payload: { id: string }): Promise<void> {
  const sentAt = performance.now();
  const answer = await tab.send<{ seq: number; duplicate: boolean }>("ask", payload);
  if (!answer?.ok) return;
  const { seq, duplicate } = answer;
  const ms = Math.round(performance.now() - sentAt);
  history.add({ kind: "acked", user: name, conversation, ask: payload.id, seq, duplicate, ms });
}

/** Returns the `files` of an ask: the bytes, or a finished upload; undefined if the upload did not finish. */
async function attach(
  { name: user, history, onStored }: UserOptions,
  tab: Tab,
  { bytes, upload }: { bytes: Uint8Array; upload: string | undefined },
): Promise<object[] | undefined> {
  const file = { name: "notes.pdf", type: "application/pdf" };
  if (upload === undefined) return [{ ...file, bytes }];
  const begun = await tab.send<{ offset: number; chunkBytes: number }>("upload:start", {
    upload,
    ...file,
    size: bytes.length,
  });
  if (!begun?.ok) return undefined;
  history.add({ kind: "stored", user, upload, offset: begun.offset });
  for (let at = begun.offset; at < bytes.length;) {
    const chunk = bytes.subarray(at, at + Math.min(begun.chunkBytes, 512));
    const stored = await tab.send<{ offset: number }>("upload:chunk", { upload, offset: at, bytes: chunk });
    if (!stored?.ok) return undefined;
    at = stored.offset;
    history.add({ kind: "stored", user, upload, offset: at });
    await onStored?.(at);
  }
  return [{ upload }];
}

async function cancelSoon({ options, tabs }: Person, id: string): Promise<void> {
  const { random, conversation } = options;
  await sleep(random.between(0, 400));
  await random.pick(tabs).send("cancel", { conversation, ask: id });
}
