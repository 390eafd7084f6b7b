"""The client of Python's websockets against a server of ours. Argument: the environment, as JSON."""

import asyncio
import json
import ssl
import sys
import urllib.request

from report import LENGTHS, case, equal, noise, run_all, text_of
from websockets.exceptions import ConnectionClosed, InvalidStatusCode
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

# The API of old, which newer versions have too: Debian's releases are years apart.
from websockets.legacy.client import connect as legacy_connect


def trust(env):
    """What TLS trusts; None without TLS."""
    return ssl.create_default_context(cafile=env["ca"]) if "ca" in env else None


def connect(env, path="/", **options):
    options.setdefault("compression", "deflate" if env["compression"] else None)
    options.setdefault("max_size", 2**21)
    return legacy_connect(env["ws"] + path, ssl=trust(env), **options)


async def seen_close(env, name):
    """How the server saw the end of the connection with this id."""

    def read():
        url = f"{env['http']}/closes?id={name}"
        with urllib.request.urlopen(url, timeout=10, context=trust(env)) as response:
            return json.load(response)

    return await asyncio.get_running_loop().run_in_executor(None, read)


@case("text of every size class comes back equal")
async def _(env):
    async with connect(env) as ws:
        for length in LENGTHS:
            text = text_of(length)
            await ws.send(text)
            equal(await ws.recv(), text, f"{length} bytes")


@case("binary of every size class comes back equal")
async def _(env):
    async with connect(env) as ws:
        for length in LENGTHS:
            data = noise(length)
            await ws.send(data)
            equal(await ws.recv(), data, f"{length} bytes")


@case("a message in fragments, with a ping between, comes back as one")
async def _(env):
    async with connect(env) as ws:
        for pieces in (
            ["", "grüße, ", "", "世界 ", "😀" * 1000, ""],
            [b"", noise(1), noise(70000), b"", noise(125)],
        ):
            pongs = []

            async def with_pings():
                for piece in pieces:
                    yield piece
                    pongs.append(await ws.ping())

            await ws.send(with_pings())
            equal(await ws.recv(), type(pieces[0])().join(pieces), "message")
            for pong in pongs:
                await pong


@case("a ping is answered with its payload")
async def _(env):
    async with connect(env) as ws:
        for payload in (b"", b"\x00\xff", noise(125)):
            await (await ws.ping(payload))


@case("a ping of the server is answered")
async def _(env):
    async with connect(env, "/ping") as ws:
        latency = json.loads(await ws.recv())["ms"]
        equal(0 <= latency < 5000, True, "round trip")


@case("messages that the server sends in fragments arrive as one")
async def _(env):
    async with connect(env, "/stream?pieces=300") as ws:
        equal(await ws.recv(), "".join(f"{i} grüße 😀\n" for i in range(300)), "text")
        equal(await ws.recv(), b"".join(i.to_bytes(2, "little") for i in range(300)), "binary")


@case("2000 messages, sent without waiting for any, come back in order")
async def _(env):
    messages = [noise(i % 300, i) if i % 3 == 0 else f"{i}: {text_of(i % 200)}" for i in range(2000)]
    async with connect(env) as ws:

        async def send():
            for message in messages:
                await ws.send(message)

        sending = asyncio.ensure_future(send())
        for i, message in enumerate(messages):
            equal(await ws.recv(), message, f"message {i}")
        await sending


@case("a client that reads slowly gets all of a flood")
async def _(env):
    async with connect(env, "/flood?count=64&bytes=262144", max_queue=2) as ws:
        await asyncio.sleep(0.1)
        for i in range(64):
            message = await ws.recv()
            equal((len(message), int.from_bytes(message[:4], "big")), (262144, i), "message")


@case("codes and reasons of the client reach the server")
async def _(env):
    for code, reason in ((1000, ""), (1001, "away"), (1011, "grüße 😀"), (3000, "x" * 123), (4999, "own")):
        name = f"py-{code}-{id(env)}"
        ws = await connect(env, f"/?id={name}")
        await ws.close(code, reason)
        equal(ws.close_code, code, "code at the client")
        equal(await seen_close(env, name), {"code": code, "reason": reason, "wasClean": True}, "at the server")


@case("a code and reason of the server reach the client")
async def _(env):
    for query, code, reason in (
        ("code=1000&reason=bye", 1000, "bye"),
        ("code=4321&reason=%F0%9F%98%80", 4321, "😀"),
        ("", 1005, ""),
    ):
        ws = await connect(env, f"/close?{query}")
        try:
            await ws.recv()
        except ConnectionClosed:
            pass
        equal((ws.close_code, ws.close_reason), (code, reason), query)


@case("a connection that the server drops is 1006")
async def _(env):
    ws = await connect(env, "/terminate")
    await ws.send("drop me")
    await ws.wait_closed()
    equal(ws.close_code, 1006, "code")


@case("a message over the limit is 1009")
async def _(env):
    ws = await connect(env)
    await ws.send(noise(1048577))
    await ws.wait_closed()
    equal(ws.close_code, 1009, "code")


@case("a refusal arrives with its status and headers")
async def _(env):
    try:
        await connect(env, "/refuse?status=403")
        raise AssertionError("it was accepted")
    except InvalidStatusCode as error:
        equal((error.status_code, error.headers["X-Why"]), (403, "the test says so"), "answer")


@case("a subprotocol is agreed on, and an unknown one is not")
async def _(env):
    async with connect(env, subprotocols=["other", "chat"]) as ws:
        equal(ws.subprotocol, "chat", "subprotocol")
    async with connect(env, subprotocols=["other"]) as ws:
        equal(ws.subprotocol, None, "subprotocol")


@case("compression takes every parameter that websockets can offer")
async def _(env):
    for options in (
        {},
        {"server_no_context_takeover": True, "client_no_context_takeover": True},
        {"server_max_window_bits": 9, "client_max_window_bits": 9},
        {"server_max_window_bits": 15, "client_max_window_bits": True},
        {"client_max_window_bits": 12, "client_no_context_takeover": True},
    ):
        factory = ClientPerMessageDeflateFactory(**options)
        async with connect(env, compression=None, extensions=[factory]) as ws:
            equal(len(ws.extensions), 1 if env["compression"] else 0, "extensions")
            for i in range(40):
                message = text_of(37 * i) if i % 2 else noise(41 * i, i)
                await ws.send(message)
                equal(await ws.recv(), message, f"message {i} with {options}")
            big = text_of(1048576)
            await ws.send(big)
            equal(await ws.recv(), big, "1 MiB")
            await ws.send(["in ", "", "pieces"])
            equal(await ws.recv(), "in pieces", "fragments")


@case("100 connections at once do not mix up their messages")
async def _(env):
    async def one(number):
        async with connect(env) as ws:
            for i in range(10):
                await ws.send(f"{number}/{i}")
            for i in range(10):
                equal(await ws.recv(), f"{number}/{i}")

    await asyncio.gather(*(one(number) for number in range(100)))


asyncio.run(run_all(json.loads(sys.argv[1])))
