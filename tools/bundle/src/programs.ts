import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "../../..");

/**
 * One file of a `dist` folder, built from one source file and everything that it imports. Paths are below {@link ROOT}.
 */
export interface Program {
  readonly source: string;
  readonly target: string;
  /**
   * Whether stack traces of the program name its sources, for which the program has a source map. Children and threads
   * that log nothing have no source map.
   */
  readonly traced: boolean;
}

const traced = (source: string, target: string): Program => ({ source, target, traced: true });
const untraced = (source: string, target: string): Program => ({ source, target, traced: false });

/** All programs of production. Child processes and threads are programs of their own. */
export const PROGRAMS: readonly Program[] = [
  traced("apps/edge/src/main.ts", "apps/edge/dist/edge.mjs"),
  untraced("apps/edge/src/plain/frame-thread.ts", "apps/edge/dist/frame-thread.mjs"),
  traced("apps/worker/src/main.ts", "apps/worker/dist/worker.mjs"),
  untraced("packages/pdf/src/child/child.ts", "apps/worker/dist/child.mjs"),
  untraced("packages/pdf/src/child/ocr-child.ts", "apps/worker/dist/ocr-child.mjs"),
  untraced("packages/platform/src/tracing/tracer.ts", "apps/worker/dist/tracer.mjs"),
  traced("apps/demo-engine/src/main.ts", "apps/demo-engine/dist/demo-engine.mjs"),
  traced("apps/doctor/src/main.ts", "apps/doctor/dist/doctor.mjs"),
  traced("apps/local/src/main.ts", "apps/local/dist/local.mjs"),
];
