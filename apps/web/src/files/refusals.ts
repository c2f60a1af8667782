import { inSentence } from "./file-name.ts";
import { size, wholeSize } from "../words/numbers.ts";
import { say } from "../words/say.ts";

/** The server's limits that are checked before anything is sent. */
export interface FileLimits {
  readonly filesPerAsk: number;
  readonly fileBytes: number;
}
type Sized = Pick<File, "name" | "size">;

/**
 * Returns the chosen files that may be attached beside the `attached` ones, and one sentence for each refused file.
 * Files that are already attached are left out without a sentence.
 */
export function chooseFiles<T extends Sized>(
  chosen: Iterable<T>,
  attached: readonly Sized[],
  limits: FileLimits | undefined,
): { taken: T[]; refusals: string[] } {
  const taken: T[] = [];
  const refusals: string[] = [];
  for (const file of chosen) {
    if ([...attached, ...taken].some((other) => isSame(other, file))) continue;
    const refusal = refusalOf(file, attached.length + taken.length, limits);
    if (refusal === undefined) taken.push(file);
    else refusals.push(refusal);
  }
  return { taken, refusals };
}

function refusalOf({ name, size: bytes }: Sized, before: number, limits: FileLimits | undefined): string | undefined {
  const file = inSentence(name);
  if (bytes === 0) return say("isEmpty", { name: file });
  if (limits && bytes > limits.fileBytes)
    return say("isTooLarge", { name: file, size: size(bytes), most: wholeSize(limits.fileBytes) });
  if (limits && before >= limits.filesPerAsk) return say("leftOut", { name: file, n: limits.filesPerAsk });
  return undefined;
}

/** Files on the server have no modification time; for such a file only name and size are compared. */
function isSame(one: Sized & { lastModified?: number }, other: Sized & { lastModified?: number }): boolean {
  if (one.name !== other.name || one.size !== other.size) return false;
  return one.lastModified === undefined || other.lastModified === undefined || one.lastModified === other.lastModified;
}
