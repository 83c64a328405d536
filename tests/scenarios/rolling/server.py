"""A web server that tells its version, and that ends its connections politely on SIGTERM."""

import asyncio
import os
import signal

BODY = os.environ["VERSION"].encode()


def answer(keeps):
    connection = b"keep-alive" if keeps else b"close"
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: %s\r\n\r\n%s" % (len(BODY), connection, BODY)


async def main():
    ending = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ending.set)
    open_connections = set()

    async def serve(reader, writer):
        open_connections.add(asyncio.current_task())
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                keeps = b"keep-alive" in request and not ending.is_set()
                writer.write(answer(keeps))
                await writer.drain()
                if not keeps:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            open_connections.discard(asyncio.current_task())
            writer.close()

    server = await asyncio.start_server(serve, "0.0.0.0", 80, backlog=1024)
    if "BROKEN" not in os.environ:
        open("/tmp/ready", "w").close()
    await ending.wait()
    server.close()
    while open_connections:
        await asyncio.wait(open_connections)


asyncio.run(main())
