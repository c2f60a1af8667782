import { makePdf } from "@docrelay/testkit";
import { randomBytes, randomInt, randomUUID } from "node:crypto";

/**
 * Returns a PDF of one page and about this many bytes. Each call returns different bytes, because equal files would be
 * stored and extracted only once.
 */
export function heavyPdf(bytes: number): Uint8Array {
  const ballast = Math.max(0, bytes - 1024);
  return makePdf({ pages: [`heavy ${randomUUID()}`], ballast: randomBytes(ballast) });
}

const LINES = 50;
const TYPESET_LINES = 45;
const LINE_CHARS = 80;
const WORDS =
  "the of and to in is that it was for on are with as his they be at one have this from or had by hot but some what there can out other were all your when up use word how said each which their time will way about many then them would write like these long make thing see him two has look more day could go come did my sound no most number who over know water than call first people may down side been now find any new work part take get place made live where after back little only round man year came show every good give our under name very through just form sentence great think say help low line differ turn cause much mean before move right boy old too same tell".split(
    " ",
  );

/**
 * Returns a PDF with this many pages as a typesetting program makes them: each has about 3,600 characters, with a
 * separate string for each word.
 */
export function typesetPdf(pages: number): Uint8Array {
  const line = (): string => {
    let text = "";
    while (text.length < LINE_CHARS) text += `${WORDS[randomInt(WORDS.length)]} `;
    return text.trimEnd();
  };
  const page = (): string => Array.from({ length: TYPESET_LINES }, line).join("\n");
  return makePdf({ pages: Array.from({ length: pages }, page), typeset: true });
}

/** Returns a PDF with this many full pages of text. Each call returns different bytes. */
export function longPdf(pages: number): Uint8Array {
  const id = randomUUID();
  const line = "The quick brown fox jumps over the lazy dog, and the relay carries every word of it to its reader.";
  const page = (number: number): string => `page ${number} of ${id}\n${`${line}\n`.repeat(LINES)}`;
  return makePdf({ pages: Array.from({ length: pages }, (_, index) => page(index + 1)) });
}
