"""How a test server ends: by signal, or when whoever started it is gone."""

from __future__ import annotations

import asyncio
import os
import signal
import sys


async def until_stopped() -> None:
    """Waits for SIGINT, SIGTERM or the end of standard input.

    Standard input is a pipe held by the starter; it ends however the starter goes, SIGKILL included.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    stdin = sys.stdin.fileno()

    def read() -> None:
        if not os.read(stdin, 4096):
            loop.remove_reader(stdin)
            stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    loop.add_reader(stdin, read)
    await stop.wait()
