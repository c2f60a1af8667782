import type { ApiCall } from "./call.ts";
import { postAsk, type PostAskDeps } from "./post-ask.ts";

/** One method of a path. `name` is the label of its metrics. */
export interface Route {
  readonly name: string;
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: RegExp;
  /** Whether a request without a token is that of a new anonymous user. */
  readonly visitors?: boolean;
  run(call: ApiCall): Promise<void>;
}

export type RouteDeps = PostAskDeps;

export function createRoutes(deps: RouteDeps): readonly Route[] {
  return [
    {
      name: "POST /v1/asks",
      method: "POST",
      path: /^\/v1\/asks$/,
      visitors: true,
      run: (call) => postAsk(deps, call),
    },
  ];
}
