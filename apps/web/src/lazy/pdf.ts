import { getDocument, GlobalWorkerOptions, PDFDataRangeTransport, TextLayer, version } from "pdfjs-dist";
// oxlint-disable-next-line import/default -- `?url` is the bundler's: the address of the file
import workerUrl from "pdfjs-dist/build/pdf.worker.min.mjs?url";

/** The bytes of a PDF, which are read in ranges, and its password. */
export interface PdfSource {
  readonly size: number;
  /** Returns the bytes from `from` up to, but not including, `to`. */
  read(from: number, to: number): Promise<Blob>;
  readonly password?: string | undefined;
}

export interface Pdf {
  readonly pages: number;
  /**
   * Draws a page into `place`, as wide as `place`, with the page's text over the picture.
   * @throws when the file's bytes cannot be loaded, or the page cannot be drawn
   */
  draw(page: number, place: HTMLElement): Promise<PageText>;
  /** Draws the first page as a small picture. */
  picture(width: number): Promise<HTMLCanvasElement>;
  close(): void;
}

/** The text of a page, divided as the renderer divides it (`pieces`), and the element that shows each piece. */
export interface PageText {
  readonly pieces: readonly string[];
  readonly elements: readonly HTMLElement[];
}

/** The address of this script. The renderer's character tables and fonts are served beside it. */
const here = import.meta.url;
const data = (folder: string): string => new URL(`pdfjs-${version}/${folder}/`, here).href;
/** The most pixels of a drawn page. More would not look sharper, and would cost memory. */
const MAX_PIXELS = 12_000_000;

GlobalWorkerOptions.workerSrc = workerUrl;

/** Opens a PDF and reads only the parts that are shown. @throws when the PDF cannot be read, or is protected */
export async function openPdf(source: PdfSource): Promise<Pdf> {
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => undefined); // the calls that race with this promise throw its error
  const range = new PDFDataRangeTransport(source.size, null);
  range.requestDataRange = (from, to) => {
    source
      .read(from, Math.min(to, source.size))
      .then(async (blob) => range.onDataRange(from, new Uint8Array(await blob.arrayBuffer())))
      .catch(reject);
  };
  const task = getDocument({
    range,
    rangeChunkSize: 262_144,
    disableAutoFetch: true,
    disableStream: true,
    enableXfa: false,
    // The page's security policy allows no WebAssembly.
    useWasm: false,
    wasmUrl: data("wasm"),
    cMapUrl: data("cmaps"),
    cMapPacked: true,
    standardFontDataUrl: data("standard_fonts"),
    ...(source.password !== undefined && { password: source.password }),
  });
  const close = (): void => void task.destroy().catch(() => undefined);
  try {
    const document = await Promise.race([task.promise, failed]);
    return {
      pages: document.numPages,
      draw: async (page, place) => Promise.race([drawPage(await document.getPage(page), place), failed]),
      picture: async (width) => Promise.race([drawPicture(await document.getPage(1), width), failed]),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

type Page = Awaited<ReturnType<Awaited<ReturnType<typeof getDocument>["promise"]>["getPage"]>>;

async function drawPicture(page: Page, width: number): Promise<HTMLCanvasElement> {
  const viewport = page.getViewport({ scale: width / page.getViewport({ scale: 1 }).width });
  const canvas = document.createElement("canvas");
  canvas.width = width;
  // Of a very long page only the beginning is visible in the small picture.
  canvas.height = Math.max(1, Math.min(Math.round(viewport.height), 4 * width));
  await page.render({ canvas, viewport, background: "white" }).promise;
  return canvas;
}

async function drawPage(page: Page, place: HTMLElement): Promise<PageText> {
  const width = Math.max(1, place.clientWidth);
  const viewport = page.getViewport({ scale: width / page.getViewport({ scale: 1 }).width });
  const most = Math.sqrt(MAX_PIXELS / (viewport.width * viewport.height));
  const sharp = Math.min(devicePixelRatio, most);
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(viewport.width * sharp));
  canvas.height = Math.max(1, Math.round(viewport.height * sharp));
  const text = document.createElement("div");
  text.className = "page-text";
  text.style.setProperty("--total-scale-factor", String(viewport.scale));
  text.style.setProperty("--scale-round-x", "1px");
  text.style.setProperty("--scale-round-y", "1px");
  const layer = new TextLayer({ textContentSource: page.streamTextContent(), container: text, viewport });
  await Promise.all([
    page.render({ canvas, viewport, transform: [sharp, 0, 0, sharp, 0, 0], background: "white" }).promise,
    layer.render(),
  ]);
  place.replaceChildren(canvas, text);
  return { pieces: layer.textContentItemsStr, elements: layer.textDivs };
}
