"""Keylatch from asyncio, on the server BENCH_SERVER."""

from __future__ import annotations

import asyncio
import os

from keylatch import AsyncKeylatch
from orders import Samples, work_async

samples = Samples()


async def main() -> None:
    async with AsyncKeylatch.composio("ak_bench", base_url=os.environ["BENCH_SERVER"]) as client:

        async def pair(_: str) -> object:
            made = await client.initiate_connection(
                entity_id=samples.entity(),
                integration_id=samples.integration,
                connected_account_params={"api_key": bytearray(b"sk_test_0123456789abcdefghijklmn")},
                verify="off",
            )
            return await client.connected_accounts.get(made.connected_account_id)

        await work_async(pair)


asyncio.run(main())
