"""An engine for docrelay with Django Channels: pip install channels daphne; daphne -p 7800 python_channels:application"""

import asyncio
import json

import django
from django.conf import settings

# In a project of yours this is in settings.py. The host of ENGINE_URL must be allowed.
settings.configure(ALLOWED_HOSTS=["127.0.0.1", "localhost"], SECRET_KEY="not used", LOGGING_CONFIG=None)
django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.urls import path


async def answer(prompt):
    """Put your model here: yield pieces of text as it makes them."""
    yield f"The prompt has {len(prompt)} characters. It begins:"
    for word in prompt[:300].split():
        await asyncio.sleep(0.05)
        yield f" {word}"


class Engine(AsyncWebsocketConsumer):
    task = None

    async def receive(self, text_data=None, bytes_data=None):  # docrelay sends one prompt at a time
        self.task = asyncio.create_task(self.reply(json.loads(text_data)))

    async def disconnect(self, code):  # docrelay closes the connection when the user cancels
        if self.task:
            self.task.cancel()

    async def reply(self, ask):
        # Every frame repeats this id, so that docrelay may use the connection for other users, too.
        frame = {"unique_id": ask["unique_id"]}
        try:
            async for piece in answer(ask["message"]):
                await self.send(json.dumps({**frame, "type": "delta", "delta": piece}))
            await self.send(json.dumps({**frame, "type": "end"}))
        except asyncio.CancelledError:
            print("cancelled", ask["unique_id"], flush=True)
            raise
        except Exception as error:
            await self.send(json.dumps({**frame, "type": "error", "message": str(error)}))


# Daphne does not limit the size of a message, so nothing has to be set for large prompts.
websocket = AllowedHostsOriginValidator(URLRouter([path("", Engine.as_asgi())]))
application = ProtocolTypeRouter({"websocket": websocket})
