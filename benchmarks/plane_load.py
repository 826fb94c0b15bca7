"""The load generator: a process that sends digits to the gateway, each at its moment, whatever others do."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

import numpy as np


async def post(streams: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]], port: int, head: str, body: bytes):
    """Post over a connection that is free, or a new one; return code and document."""
    reader, writer = streams.pop() if streams else await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"POST / HTTP/1.1\r\nhost: 127.0.0.1\r\n{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
    size = next(int(line.partition(":")[2]) for line in lines if line.startswith("content-length"))
    answer = json.loads(await reader.readexactly(size))
    streams.append((reader, writer))
    return int(lines[0].split()[1]), answer


async def main() -> None:
    """Send all, and write what came back: right, stage, seconds from the moment to the answer."""
    port, file, out = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    with np.load(file) as load:
        moments, rows, images, labels = (load[name] for name in ("moments", "rows", "images", "labels"))
    streams: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    found = np.full((len(moments), 3), np.nan)

    async def one(i: int, due: float) -> None:
        code, answer = await post(streams, port, "", images[rows[i]].tobytes())
        if code == 200:
            found[i] = answer["answer"] == labels[rows[i]], answer["stage"], time.monotonic() - due

    begin, tasks = time.monotonic(), []
    print("begun", flush=True)
    for i, moment in enumerate(moments.tolist()):
        if (wait := begin + moment - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(one(i, begin + moment)))
    await asyncio.gather(*tasks)
    np.save(out, found)


if __name__ == "__main__":
    asyncio.run(main())
