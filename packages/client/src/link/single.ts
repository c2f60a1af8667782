/**
 * Makes HTTP requests that leave no idle connection behind, by the header `connection: close`. Without it, Node opens a
 * WebSocket over an idle connection to the same server, if there is one. If that connection has died without a sign,
 * opening the WebSocket fails only after its whole time limit. Browsers never reuse a connection for a WebSocket, and
 * ignore this header. The headers stay a plain object, so that an application's own `request` may spread them.
 */
export function single(request: typeof fetch): typeof fetch {
  return async (input, init = {}) => {
    const headers = Object.fromEntries(new Headers(init.headers));
    return request(input, { ...init, headers: { ...headers, connection: "close" } });
  };
}
