"""The frames that all engines of this folder send. They accept the key `right` at the path /ws."""

import asyncio
import json
import os
import time

PORT = int(os.environ.get("PORT", "7800"))
KEY = "Bearer right"


async def frames(text):
    """Yields the frames of a reply. A message `slow` takes 6 s; `busy` computes for 45 s and blocks all other calls."""
    ask = json.loads(text)
    message, of = ask["message"], {"unique_id": ask["unique_id"]}
    print("prompt", ask["unique_id"], flush=True)
    if message.startswith("busy"):
        time.sleep(45)
    for number in range(30 if message.startswith("slow") else 2):
        await asyncio.sleep(0.2 if message.startswith("slow") else 0)
        yield json.dumps({**of, "delta": f"w{number} "})
    yield json.dumps({**of, "type": "end"})
