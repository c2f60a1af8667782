/**
 * Makes HTTP requests that leave no idle connection behind, by the header `connection: close`. Without this header,
 * Node opens a WebSocket over an idle connection to the same server, if there is one. If that connection is dead and
 * Node has not noticed it, opening the WebSocket fails only when its time limit is over. Browsers never reuse a
 * connection for a WebSocket, and ignore this header. The headers stay a plain object, so that an application's own
 * `request` may spread them.
 */
export function single(request: typeof fetch): typeof fetch {
  return async (input, init = {}) => {
    const headers = Object.fromEntries(new Headers(init.headers));
    return request(input, { ...init, headers: { ...headers, connection: "close" } });
  };
}
