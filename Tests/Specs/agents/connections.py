"""Opens so many connections to the mock at once, asks on each, and prints how many were answered."""

import asyncio
import collections
import resource
import sys

COUNT = int(sys.argv[1])
REQUEST = b"GET /ok HTTP/1.1\r\nHost: payment-api:9090\r\nConnection: close\r\n\r\n"
found = collections.Counter()


async def ask():
    try:
        reader, writer = await asyncio.open_connection("payment-api", 9090)
        writer.write(REQUEST)
        answer = await reader.read()
        writer.close()
        found[answer.split(b"\r\n")[0].decode()] += 1
    except OSError as error:
        found[repr(error)] += 1


async def main():
    await asyncio.gather(*(ask() for _ in range(COUNT)))


limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
asyncio.run(main())
print(dict(found))
