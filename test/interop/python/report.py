"""Runs cases and prints a line of JSON for each, then "done": the same form as clients/report.ts."""

import asyncio
import json
import time
import traceback

CASE_SECONDS = 15
LENGTHS = [0, 1, 125, 126, 127, 65535, 65536, 65537, 1048576]

_cases = []


def case(name):
    """Registers a case. The test reads the names from the source, so each stands on one line in double quotes."""

    def register(function):
        _cases.append((name, function))
        return function

    return register


def equal(actual, expected, what="value"):
    """Fails unless both are equal."""
    if actual != expected:
        raise AssertionError(f"{what}: got {show(actual)}, expected {show(expected)}")


def show(value):
    """A value, short enough for a message."""
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:120]}… ({len(value)} in all)"


def noise(length, seed=1):
    """Bytes that look like nothing in particular."""
    state, out = seed | 1, bytearray(length)
    for i in range(length):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        out[i] = state >> 24
    return bytes(out)


def text_of(length):
    """A text of so many bytes of UTF-8, with characters of every width where they fit."""
    return "aß世😀" * (length // 10) + "x" * (length % 10)


async def run_all(environment):
    """Runs all cases, one after another."""
    for name, function in _cases:
        start = time.monotonic()
        try:
            await asyncio.wait_for(function(environment), CASE_SECONDS)
            result = "ok"
        except BaseException:
            result = traceback.format_exc(limit=-2)
        ms = round(1000 * (time.monotonic() - start))
        print(json.dumps({"name": name, "result": result, "ms": ms}), flush=True)
    print("done", flush=True)
