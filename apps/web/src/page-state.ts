import type { Citation, Event, MissingPage, Progress, WireError } from "@docrelay/protocol";

/** A file of an ask as it is shown. `pages` once it was read. */
export interface FileView {
  readonly name: string;
  readonly size: number;
  readonly pages?: number;
  readonly missing?: readonly MissingPage[];
  readonly ocr?: readonly number[];
  readonly truncated?: boolean;
}

export type AskState = "sending" | "waiting" | "asking" | "completed" | "failed" | "cancelled";

export interface AskView {
  readonly id: string;
  readonly message: string;
  readonly files: readonly FileView[];
  readonly state: AskState;
  readonly attempt: number;
  readonly text: string;
  readonly engine?: string;
  readonly error?: WireError;
  readonly citations: readonly Citation[];
  readonly totalMs?: number;
  readonly progress?: Omit<Progress, "conversation" | "ask"> | Uploading;
}

/** Our own ask's files on their way up, bytes of the file at hand. */
export interface Uploading {
  readonly stage: "uploading";
  readonly file: number;
  readonly sent: number;
  readonly size: number;
}

/** The asks of a conversation by id, in the order in which they were accepted. */
export type PageState = ReadonlyMap<string, AskView>;

export const blank: PageState = new Map();

/** What happens to a page: an event of the log, a hint, or something of its own. */
export type Change =
  | { readonly type: "event"; readonly event: Event }
  | { readonly type: "progress"; readonly ask: string; readonly progress: NonNullable<AskView["progress"]> }
  | { readonly type: "sending"; readonly id: string; readonly message: string; readonly files: readonly FileView[] }
  | { readonly type: "unsent"; readonly id: string; readonly error: WireError }
  /** Stopped before it was sent: the server never hears of it. */
  | { readonly type: "withdrawn"; readonly id: string }
  | { readonly type: "reset" };

/** One change of the page. Pure; an ask that a change does not touch stays the same object. */
export function change(state: PageState, by: Change): PageState {
  switch (by.type) {
    case "reset":
      // What is on its way up is not part of the log.
      return new Map([...state].filter(([, ask]) => ask.state === "sending"));
    case "sending": {
      const { id, message, files } = by;
      return put(state, { id, message, files, state: "sending", attempt: 0, text: "", citations: [] });
    }
    case "unsent":
      return update(state, by.id, (ask) =>
        ask.state === "sending" ? { ...ask, state: "failed", error: by.error } : ask,
      );
    case "withdrawn":
      return update(state, by.id, (ask) => (ask.state === "sending" ? { ...ask, state: "cancelled" } : ask));
    case "progress":
      return update(state, by.ask, (ask) => (isOver(ask) ? ask : { ...ask, progress: by.progress }));
    case "event":
      return apply(state, by.event);
  }
}

function apply(state: PageState, event: Event): PageState {
  if (event.type === "accepted") {
    const sent = state.get(event.ask);
    const files = event.files.map(({ name, size }) => ({ name, size }));
    const ask: AskView = {
      id: event.ask,
      message: event.message,
      files,
      state: "waiting",
      attempt: 0,
      text: "",
      citations: [],
    };
    // Accepted asks stand in the order of the log, before what is still on its way.
    const others = [...state].filter(([id]) => id !== event.ask);
    const settled = others.filter(([, other]) => other.state !== "sending");
    const sending = others.filter(([, other]) => other.state === "sending");
    return new Map([
      ...settled,
      [event.ask, sent?.progress ? { ...ask, progress: { stage: "queued" } } : ask],
      ...sending,
    ]);
  }
  return update(state, event.ask, (ask): AskView => {
    const { progress: _, ...rest } = ask;
    switch (event.type) {
      case "extracted": {
        const { pages, missing, ocr, truncated } = event;
        return {
          ...rest,
          files: ask.files.map((file, index) =>
            index === event.file ? { ...file, pages, missing, ocr, truncated } : file,
          ),
        };
      }
      case "started":
        return { ...rest, state: "asking", attempt: event.attempt, text: "", engine: event.engine };
      case "delta":
        return event.attempt < ask.attempt ? ask : { ...rest, state: "asking", text: ask.text + event.text };
      case "completed":
        return {
          ...rest,
          state: "completed",
          text: event.text,
          citations: event.citations ?? [],
          totalMs: event.timings.totalMs,
        };
      case "cancelled":
        return { ...rest, state: "cancelled", text: event.text };
      case "failed":
        return { ...rest, state: "failed", error: event.error };
      default:
        return ask;
    }
  });
}

export function isOver(ask: AskView): boolean {
  return ask.state === "completed" || ask.state === "failed" || ask.state === "cancelled";
}

function update(state: PageState, id: string, by: (ask: AskView) => AskView): PageState {
  const ask = state.get(id);
  if (!ask) return state;
  const next = by(ask);
  return next === ask ? state : put(state, next);
}

function put(state: PageState, ask: AskView): PageState {
  return new Map(state).set(ask.id, ask);
}
