"""The server of Python's websockets, for our client to try. Prints {"port"}; ends when its input does."""

import asyncio
import json
import sys
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

# The API of old, which newer versions have too: Debian's releases are years apart.
from websockets.exceptions import ConnectionClosed
from websockets.legacy.server import serve

closes = {}


def close_of(name):
    """A future of how the connection with this id ended."""
    return closes.setdefault(name, asyncio.get_running_loop().create_future())


def query_of(path):
    return {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}


async def process_request(path, _headers):
    if path == "/refuse":
        return HTTPStatus.FORBIDDEN, [], b"not today"
    if path.startswith("/closes?"):
        code, reason = await close_of(query_of(path)["id"])
        return HTTPStatus.OK, [], json.dumps({"code": code, "reason": reason}).encode()
    return None


async def handle(ws):
    path, query = urlsplit(ws.path).path, query_of(ws.path)
    try:
        if path == "/close":
            await ws.close(int(query["code"]), query["reason"])
        elif path == "/ping":
            pong = await ws.ping(b"are you there?")
            await pong
            await ws.send("pong")
        elif path == "/stream":
            count = int(query["pieces"])
            await ws.send([f"{i} grüße 😀\n" for i in range(count)])
            await ws.send([i.to_bytes(2, "little") for i in range(count)])
        elif path == "/flood":
            for i in range(int(query["count"])):
                await ws.send(i.to_bytes(4, "big") + bytes(int(query["bytes"]) - 4))
        async for message in ws:
            await ws.send(message)
    except ConnectionClosed:
        pass
    await ws.wait_closed()
    if "id" in query:
        close_of(query["id"]).set_result((ws.close_code, ws.close_reason))


async def main():
    compression = "deflate" if sys.argv[1:] == ["compression"] else None
    options = {"max_size": 2**21, "compression": compression, "subprotocols": ["chat"]}
    async with serve(handle, "127.0.0.1", 0, process_request=process_request, **options) as server:
        print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
