"""Run outside, as a program: handshakes at a steady rate until standard input ends; prints what came back.

``python handshakes.py URL CA RATE`` prints ``{"asked": …, "seconds": …, "failed": [["502 …", 1764432000.0], …]}``: what
came instead of an open packet, and when it was asked for.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import time

import aiohttp


async def main(url: str, ca: str, rate: float) -> None:
    """Ask, count, print."""
    loop = asyncio.get_running_loop()
    ended = loop.run_in_executor(None, sys.stdin.read)
    failed: list[tuple[str, float]] = []
    trust = ssl.create_default_context(cafile=ca)
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(ssl=trust, limit=0)) as session:

        async def ask() -> None:
            asked = time.time()
            try:
                async with session.get(f"{url}/socket.io/?EIO=4&transport=polling") as answer:
                    body = await answer.text()
                    if answer.status != 200 or not body.startswith('0{"sid"'):
                        failed.append((f"{answer.status} {body[:60]}", asked))
            except (aiohttp.ClientError, TimeoutError) as error:
                failed.append((f"{type(error).__name__} {error}", asked))

        began, tasks = loop.time(), []
        while not ended.done():
            tasks.append(asyncio.create_task(ask()))
            await asyncio.sleep(max(0, began + len(tasks) / rate - loop.time()))
        seconds = loop.time() - began
        await asyncio.gather(*tasks)
    sys.stdout.write(json.dumps({"asked": len(tasks), "seconds": seconds, "failed": failed}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
