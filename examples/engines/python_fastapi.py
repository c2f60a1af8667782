"""An engine for docrelay with FastAPI: pip install fastapi 'uvicorn[standard]'; python3 python_fastapi.py"""

import asyncio
import os

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()


async def answer(prompt):
    """Put your model here: yield pieces of text as it makes them."""
    yield f"The prompt has {len(prompt)} characters. It begins:"
    for word in prompt[:300].split():
        await asyncio.sleep(0.05)
        yield f" {word}"


async def reply(socket, ask):
    # Every frame repeats this id, so that docrelay may use the connection for other users, too.
    frame = {"unique_id": ask["unique_id"]}
    try:
        async for piece in answer(ask["message"]):
            await socket.send_json({**frame, "type": "delta", "delta": piece})
        await socket.send_json({**frame, "type": "end"})
    except asyncio.CancelledError:
        print("cancelled", ask["unique_id"], flush=True)
        raise
    except Exception as error:
        await socket.send_json({**frame, "type": "error", "message": str(error)})


@app.websocket("/")
async def serve(socket: WebSocket):
    await socket.accept()
    task = None
    try:
        while True:  # docrelay sends one prompt at a time
            ask = await socket.receive_json()
            task = asyncio.create_task(reply(socket, ask))
    except WebSocketDisconnect:
        pass
    finally:
        if task:
            task.cancel()  # docrelay closes the connection when the user cancels


if __name__ == "__main__":
    # A prompt with PDFs may have megabytes; uvicorn's own limit is 16 MiB.
    host, port = os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "7800"))
    uvicorn.run(app, host=host, port=port, ws_max_size=2**26)
