"""MP3 and Opus files taken apart into packets, each of one frame, and put together from packets again.

ISO/IEC 11172-3 and 13818-3 describe MP3's frames, RFC 3533 Ogg's pages, RFC 7845 Opus in them. What says how much of
an MP3 to leave out at both ends is LAME's tag, which no standard describes: here as FFmpeg's `mp3enc.c` writes it.
"""

import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from cloning.audio import ffmpeg
from cloning.audio.mastering import metadata_arguments
from cloning.errors import ErrorCode, GenerationError

Packets = list[bytes]


class DamagedFileError(Exception):
    """It is not what our own encoders write."""


# MP3

SAMPLE_RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000)}  # by the two bits of the version
KILOBITS_PER_SECOND = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
FRAME_HEADER_BYTES = 4
SIDE_BYTES = {3: 17, 2: 9}  # of one channel
INFO_TAGS = (b"Info", b"Xing")
LENGTHS_AT, TAG_CRC_AT = 141, 154  # in the tag
CHECKED_BYTES = 190  # of its frame, the checksum itself as zeros
ENCODER_DELAY = 576  # samples, LAME's
DECODER_DELAY = 529
LAYER_3 = 1


def read_mp3(path: Path) -> Packets:
    """The frames of one channel, without tags. Raises DamagedFileError."""
    data = path.read_bytes()
    position = find_first_frame(data)
    packets: Packets = []
    while position + FRAME_HEADER_BYTES <= len(data) and data[position : position + 3] != b"TAG":
        size = measure_frame(data, position)
        packets.append(data[position : position + size])
        position += size
    if position > len(data):
        raise DamagedFileError
    if packets and is_info(packets[0]):
        packets.pop(0)
    return packets


def find_first_frame(data: bytes) -> int:
    if data[:3] != b"ID3":
        return 0
    size = 0
    for seven_bits in data[6:10]:
        size = (size << 7) | seven_bits
    return 10 + size


def measure_frame(data: bytes, position: int) -> int:
    """Bytes. Raises DamagedFileError."""
    first, second, third = data[position : position + 3]
    version, layer = second >> 3 & 3, second >> 1 & 3
    rate_index, bitrate_index = third >> 2 & 3, third >> 4
    if first != 0xFF or second >> 5 != 7 or version not in SAMPLE_RATES_HZ or layer != LAYER_3:
        raise DamagedFileError
    if rate_index == 3 or not 0 < bitrate_index < 15:
        raise DamagedFileError
    rate_hz = SAMPLE_RATES_HZ[version][rate_index]
    bits_per_second = 1000 * KILOBITS_PER_SECOND[version][bitrate_index]
    return (144 if version == 3 else 72) * bits_per_second // rate_hz + (third >> 1 & 1)


def is_info(packet: bytes) -> bool:
    place = find_tag(packet)
    return packet[place : place + 4] in INFO_TAGS


def find_tag(packet: bytes) -> int:
    return FRAME_HEADER_BYTES + SIDE_BYTES[packet[1] >> 3 & 3]


def write_mp3(
    packets: Sequence[bytes],
    target: Path,
    *,
    frame_size: int,
    sample_count: int,
    tags: Mapping[str, str],
    timeout_seconds: float,
) -> None:
    """`frame_size` in samples; `sample_count` of them are heard. Raises GenerationError (ENCODING_FAILED)."""
    bare = target.with_name("packets.mp3")
    bare.write_bytes(b"".join(packets))
    copy = ["-f", "mp3", "-i", f"file:{bare}", *metadata_arguments(tags), "-c", "copy", "-id3v2_version", "3"]
    exact = ["-write_id3v1", "1", "-fflags", "+bitexact", "-f", "mp3", f"file:{target}"]
    run = ffmpeg.run(
        ["-protocol_whitelist", "file", *copy, *exact], timeout_seconds, ErrorCode.ENCODING_FAILED
    )
    bare.unlink()
    if run.returncode != 0:
        raise GenerationError(ErrorCode.ENCODING_FAILED, "The speech could not be encoded as mp3.")
    write_ends(target, len(packets) * frame_size - ENCODER_DELAY - sample_count)


def write_ends(path: Path, padding: int) -> None:
    """Into the tag: what FFmpeg does not know of frames that it copies. `padding` in samples."""
    with path.open("r+b") as file:
        head = file.read(64 * 1024)
        frame = find_first_frame(head)
        tag = frame + find_tag(head[frame:])
        if head[tag : tag + 4] not in INFO_TAGS or not 0 <= padding < 1 << 12:
            raise DamagedFileError
        changed = bytearray(head[frame : frame + CHECKED_BYTES])
        lengths_at, crc_at = tag - frame + LENGTHS_AT, tag - frame + TAG_CRC_AT
        changed[lengths_at : lengths_at + 3] = (ENCODER_DELAY << 12 | padding).to_bytes(3, "big")
        changed[crc_at : crc_at + 2] = bytes(2)
        changed[crc_at : crc_at + 2] = compute_crc16(changed).to_bytes(2, "big")
        file.seek(frame)
        file.write(changed)


def compute_crc16(data: bytes | bytearray) -> int:
    """CRC-16/ARC: x¹⁶ + x¹⁵ + x² + 1, reflected, from 0."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


# Opus in Ogg

PAGE = struct.Struct("<4sBBqIIIB")
CRC_AT = 22
FIRST, LAST = 2, 4
GRANULE_RATE_HZ = 48_000
FRAME_GRANULES = 960  # 20 ms
PACKETS_A_PAGE = 50
HEAD_PACKETS = 2
REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def read_opus(path: Path) -> tuple[Packets, Packets]:
    """The two packets of the head, and those of the sound. Raises DamagedFileError."""
    data, position = path.read_bytes(), 0
    packets: Packets = []
    begun = b""
    while position < len(data):
        if data[position : position + 4] != b"OggS" or position + PAGE.size > len(data):
            raise DamagedFileError
        body = position + PAGE.size + data[position + PAGE.size - 1]
        for size in data[position + PAGE.size : body]:
            begun += data[body : body + size]
            body += size
            if size < 255:
                packets.append(begun)
                begun = b""
        if data[position + CRC_AT : position + CRC_AT + 4] != compute_ogg_crc(data[position:body]):
            raise DamagedFileError
        position = body
    head, sound = packets[:HEAD_PACKETS], packets[HEAD_PACKETS:]
    if position > len(data) or begun or not head or not head[0].startswith(b"OpusHead"):
        raise DamagedFileError
    return head, sound


def write_opus(head: Packets, packets: Packets, target: Path, *, sample_count: int, rate_hz: int) -> None:
    """`sample_count` samples at `rate_hz` are heard."""
    (pre_skip,) = struct.unpack_from("<H", head[0], 10)
    end = pre_skip + round(sample_count * GRANULE_RATE_HZ / rate_hz)
    pages = [([head[0]], 0), ([head[1]], 0)]
    for first in range(0, len(packets), PACKETS_A_PAGE):
        last = min(first + PACKETS_A_PAGE, len(packets))
        pages.append((packets[first:last], min(end, last * FRAME_GRANULES)))
    with target.open("wb") as file:
        for number, (contents, granule) in enumerate(pages):
            flags = FIRST if number == 0 else LAST if number == len(pages) - 1 else 0
            file.write(build_page(contents, granule, number, flags))


def build_page(packets: Packets, granule: int, number: int, flags: int) -> bytes:
    """Of whole packets. Raises DamagedFileError where they are more than fit in."""
    lacing = b"".join(b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255]) for packet in packets)
    if len(lacing) > 255:
        raise DamagedFileError
    header = PAGE.pack(b"OggS", 0, flags, granule, 0, number, 0, len(lacing))
    page = header + lacing + b"".join(packets)
    return page[:CRC_AT] + compute_ogg_crc(page) + page[CRC_AT + 4 :]


def compute_ogg_crc(page: bytes) -> bytes:
    """Of all but itself: zlib's polynomial with the bits the other way round, and from 0."""
    data = page[:CRC_AT] + bytes(4) + page[CRC_AT + 4 :]
    crc = zlib.crc32(data.translate(REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{crc:032b}"[::-1], 2).to_bytes(4, "little")
