import { httpAnswerSchema, type Event, type HttpAnswer, type WireError } from "@docrelay/protocol";
import * as z from "zod/mini";

/** A response of server-sent events, which is read while it arrives. */
export interface Stream {
  readonly status: number;
  readonly events: Event[];
  /** The data of the events `closing`, which are not events of the log. */
  readonly closing: WireError[];
  /** Resolves when the response has ended: `whole` if it was complete, `cut` if the connection broke. */
  readonly ended: Promise<"whole" | "cut">;
  close(): void;
}

/** Reads a stream's events as an EventSource does, and checks that the `id` and `event` of each block fit its data. */
export async function readStream(response: Response, abort = new AbortController()): Promise<Stream> {
  const events: Event[] = [];
  const closing: WireError[] = [];
  const take = (block: string): void => {
    const fields = new Map(
      block
        .split("\n")
        .filter((line) => !line.startsWith(":"))
        .map((line) => [line.slice(0, line.indexOf(": ")), line.slice(line.indexOf(": ") + 2)]),
    );
    if (fields.get("event") === "closing") closing.push(JSON.parse(fields.get("data") ?? "") as WireError);
    if (!fields.has("id")) return;
    const event = JSON.parse(fields.get("data") ?? "") as Event;
    if (fields.get("id") !== String(event.seq) || fields.get("event") !== event.type) throw new Error(block);
    events.push(event);
  };
  const read = async (): Promise<"whole" | "cut"> => {
    let text = "";
    try {
      for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        text += part;
        const blocks = text.split("\n\n");
        text = blocks.pop() ?? "";
        for (const block of blocks) take(block);
      }
      return "whole";
    } catch (error) {
      if (error instanceof TypeError || abort.signal.aborted) return "cut";
      throw error;
    }
  };
  return { status: response.status, events, closing, ended: read(), close: () => abort.abort() };
}

export const pdfFile = (bytes: Uint8Array, name = "a.pdf"): File => new File([Uint8Array.from(bytes)], name);

/** Makes a form as a browser or curl sends it, with the fields in this order. */
export function form(...fields: ReadonlyArray<readonly [name: string, value: string | File]>): FormData {
  const data = new FormData();
  for (const [name, value] of fields) data.append(name, value);
  return data;
}

/** Reads the status and the error code of a refusal. */
export async function refusal(response: Response): Promise<[number, string]> {
  const { error } = (await response.json()) as { error: WireError };
  return [response.status, error.code];
}

export async function answerOf(response: Response): Promise<HttpAnswer> {
  return z.parse(httpAnswerSchema, await response.json());
}
