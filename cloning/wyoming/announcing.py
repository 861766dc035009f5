"""Says in the local network that there is a voice server, so that Home Assistant offers to use it."""

import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address

from zeroconf import Error as ZeroconfError
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

logger = logging.getLogger(__name__)

SERVICE = "_wyoming._tcp.local."
MDNS_ADDRESS = "224.0.0.251"
MAX_NAME_CHARS = 40


@asynccontextmanager
async def announced(address: str, port: int) -> AsyncIterator[None]:
    """While the context lasts. Where there is no network to say it in, a warning is all that comes of it."""
    announcer = None
    try:
        found = find_address(address)
        announcer = AsyncZeroconf(interfaces=[found])
        name = f"voiceclone-{socket.gethostname().partition('.')[0][:MAX_NAME_CHARS]}"
        info = AsyncServiceInfo(
            SERVICE, f"{name}.{SERVICE}", port=port, parsed_addresses=[found], server=f"{name}.local."
        )
        await announcer.async_register_service(info, allow_name_change=True)
        logger.info("Announced as %s at %s:%d", info.name, found, port)
    except (
        OSError,
        RuntimeError,
        ZeroconfError,
    ) as error:  # zeroconf knows no error of its own for addresses
        logger.warning("Home Assistant has to be told the address, as it can't be announced: %s", error)
    try:
        yield
    finally:
        if announcer:
            await announcer.async_unregister_all_services()
            await announcer.async_close()


def find_address(address: str) -> str:
    """Where others reach what listens at the address: for all addresses, that of the way out into the network."""
    if not ip_address(address).is_unspecified:
        return address
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((MDNS_ADDRESS, 1))  # sends nothing
        return str(probe.getsockname()[0])
