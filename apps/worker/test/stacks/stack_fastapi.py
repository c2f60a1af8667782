import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

import talk

app = FastAPI()


@app.websocket("/ws")
async def serve(socket: WebSocket):
    if socket.headers.get("authorization") != talk.KEY:
        return await socket.close()
    await socket.accept()
    try:
        while True:
            async for frame in talk.frames(await socket.receive_text()):
                await socket.send_text(frame)
    except WebSocketDisconnect:
        pass


uvicorn.run(app, port=talk.PORT)
