import type { Server as EngineServer } from "engine.io";
import type { Duplex } from "node:stream";

/**
 * Passes WebSocket handshakes to the library, and removes one listener that the library adds. The listener emits
 * `close` on a response object, which only middlewares would see (there are none). It keeps that object and the request
 * as long as the network socket exists: an eighth of the memory of an idle connection. Normally it is the only added
 * `once` listener of `close`; if a newer library adds none or several, nothing is removed. Source: `WebSocketResponse`
 * in engine.io's `server.ts`.
 */
export function upgradeTo(engine: EngineServer): EngineServer["handleUpgrade"] {
  return (request, socket, head) => {
    const before = new Set(onceClosed(socket));
    engine.handleUpgrade(request, socket, head);
    const [added, ...others] = onceClosed(socket).filter((listener) => !before.has(listener));
    if (added && others.length === 0) socket.removeListener("close", added);
  };
}

type Listener = () => void;

/** The functions that wrap the `once` listeners of `close`; each has the listener as a property. */
function onceClosed(socket: Duplex): Listener[] {
  return (socket.rawListeners("close") as Listener[]).filter((listener) => "listener" in listener);
}
