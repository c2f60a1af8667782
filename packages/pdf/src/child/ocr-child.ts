import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gunzipSync } from "node:zlib";
import type { OcrJob, OcrReport } from "./messages.ts";
import { enterSandbox } from "./sandbox.ts";

/*
 * The program of the child process that reads pictures of untrusted pages, by Tesseract as WebAssembly. Its first
 * argument is JSON: the code of each language, and the file with its data.
 */

enterSandbox();

/** The part of tesseract.js-core that is used here; the package has no types. */
interface Tesseract {
  readonly FS: { writeFile(path: string, data: Uint8Array): void };
  readonly TessBaseAPI: new () => {
    Init(path: null, languages: string, engineMode: number): number;
    SetVariable(name: string, value: string): void;
    SetImageFile(exif: number, angle: number): number;
    Recognize(monitor: null): number;
    GetTSVText(page: number): string;
    Clear(): void;
  };
}
const LSTM_ONLY = 1;

const [argument = "[]"] = process.argv.slice(2);
const languages = JSON.parse(argument) as Array<{ code: string; file: string }>;
const start = createRequire(import.meta.url)("tesseract.js-core/tesseract-core-relaxedsimd-lstm") as (
  options: object,
) => Promise<Tesseract>;

const tesseract = await start({});
for (const { code, file } of languages) {
  tesseract.FS.writeFile(`./${code}.traineddata`, gunzipSync(readFileSync(file)));
}
const api = new tesseract.TessBaseAPI();
if (api.Init(null, languages.map(({ code }) => code).join("+"), LSTM_ONLY) !== 0) process.exit(1);

function tell(report: OcrReport): void {
  process.send?.(report);
}

process.on("message", ({ pgm, mode, threshold }: OcrJob) => {
  api.SetVariable("tessedit_pageseg_mode", mode);
  api.SetVariable("thresholding_method", threshold);
  tesseract.FS.writeFile("/input", pgm);
  if (api.SetImageFile(1, 0) !== 0 || api.Recognize(null) !== 0) return tell({ type: "failed" });
  tell({ type: "words", tsv: api.GetTSVText(0) });
  api.Clear();
});
tell({ type: "ready" });
