"""Uploads that each aim at one weakness of a decoder: memory, time, depth, what metadata may say, other files."""

import gzip
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable

MB = 1024**2


def atom(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full_atom(kind: bytes, *content: bytes) -> bytes:
    return atom(kind, b"\0\0\0\0", *content)


def mov(tracks: int, samples_per_track: int) -> bytes:
    """An index of 24 bytes a sample is what FFmpeg makes of each track; in the file it takes none."""
    sound = struct.pack(">6xH8xHHIHHI", 1, 1, 16, 0, 0, 0, 16_000 << 16)[:28]
    entry = struct.pack(">I4s", 8 + len(sound), b"sowt") + sound
    tables = atom(
        b"stbl",
        full_atom(b"stsd", struct.pack(">I", 1), entry),
        full_atom(b"stts", struct.pack(">3I", 1, samples_per_track, 2)),
        full_atom(b"stsc", struct.pack(">4I", 1, 1, samples_per_track, 1)),
        full_atom(b"stsz", struct.pack(">2I", 1, samples_per_track)),
        full_atom(b"stco", struct.pack(">2I", 1, 40)),
    )
    header = full_atom(
        b"mdhd", struct.pack(">4I2H", 0, 0, 16_000, min(samples_per_track * 2, 2**32 - 1), 0, 0)
    )
    handler = full_atom(b"hdlr", b"mhlrsoun" + bytes(13))
    moov = b"".join(
        atom(
            b"trak",
            full_atom(b"tkhd", struct.pack(">5I", 0, 0, number, 0, 0), bytes(60)),
            atom(b"mdia", header, handler, atom(b"minf", full_atom(b"smhd", bytes(4)), tables)),
        )
        for number in range(1, tracks + 1)
    )
    start = atom(b"ftyp", b"qt  \0\0\0\0qt  ") + atom(b"mdat", bytes(70_000))
    return start + atom(b"moov", full_atom(b"mvhd", struct.pack(">4I", 0, 0, 1_000, 1_000), bytes(80)), moov)


def compressed_mov(unpacked_mb: int) -> bytes:
    packed = zlib.compress(bytes(unpacked_mb * MB), 9)
    moov = atom(b"cmov", atom(b"dcom", b"zlib"), atom(b"cmvd", struct.pack(">I", unpacked_mb * MB), packed))
    return atom(b"ftyp", b"qt  \0\0\0\0qt  ") + atom(b"moov", moov)


def nested_atoms(depth: int) -> bytes:
    content = b""
    for _ in range(depth):
        content = struct.pack(">I4s", 8 + len(content), b"moov") + content if len(content) < MB else content
    return atom(b"ftyp", b"isom\0\0\0\0isom") + content


def flac_with_tags(flac: bytes, tags: int, tag: bytes = b"ARTIST=%d") -> bytes:
    """A real FLAC file with a comment block put in after its STREAMINFO."""
    texts = (tag.replace(b"%d", b"%d" % number) for number in range(tags))
    comments = b"".join(struct.pack("<I", len(text)) + text for text in texts)
    block = struct.pack("<I", 0) + struct.pack("<I", tags) + comments
    return (
        flac[:4]
        + bytes([flac[4] & 0x7F])
        + flac[5:42]
        + b"\x04"
        + struct.pack(">I", len(block))[1:]
        + block
        + flac[42:]
    )


def flac_with_picture(flac: bytes) -> bytes:
    png = (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 2**31 - 1, 2**31 - 1, 16, 6, 0, 0, 0)
        + bytes(100)
    )
    block = struct.pack(">I", 3) + struct.pack(">I9s", 9, b"image/png") + struct.pack(">I", 0)
    block += struct.pack(">5I", 2**31 - 1, 2**31 - 1, 64, 0, len(png)) + png
    return flac[:42] + b"\x06" + struct.pack(">I", len(block))[1:] + block + flac[42:]


def synchsafe(size: int) -> bytes:
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))


def mp3_with_frames(mp3: bytes, frames: int, content: bytes = b"") -> bytes:
    """User-defined texts, each with a name of its own unless `content` is given."""
    contents = (content or b"\0%07x\0b" % number for number in range(frames))
    tag = b"".join(b"TXXX" + struct.pack(">IH", len(text), 0) + text for text in contents)
    return b"ID3\x03\0\0" + synchsafe(len(tag)) + tag + mp3


FORGED = b"x\n  Duration: 999:59:59.99, start: 0.0\n  Stream #0:0: Audio: pcm, 99999999 Hz, 99 channels\n"


def adts(size_bytes: int) -> bytes:
    """Frames of a header and nothing else."""
    return b"\xff\xf1\x50\x80\x00\xff\xfc" * (size_bytes // 7)


def wav(
    channels: int, rate: int, bits: int, data: bytes, *, claimed: int | None = None, kind: int = 1
) -> bytes:
    align, size = channels * bits // 8, len(data) if claimed is None else claimed
    head = struct.pack("<HHIIHH", kind, channels, rate, min(rate * align, 2**32 - 1), align & 0xFFFF, bits)
    return b"RIFF" + struct.pack("<I", min(size + 36, 2**32 - 1)) + b"WAVEfmt " + struct.pack("<I", 16) + head + (
        b"data" + struct.pack("<I", size) + data
    )  # fmt: skip


def caf() -> bytes:
    description = struct.pack(">qd4s5I", 32, 16_000, b"alac", 0, 0, 4096, 1, 16)
    packets = struct.pack(">qqqii", 24, 2**60, 2**60, 0, 0)
    return b"caff\0\1\0\0desc" + description + b"pakt" + packets + bytes(1_000)


def aiff() -> bytes:
    common = struct.pack(">IHIH", 18, 2, 2**32 - 1, 32) + b"\x40\x0e\xac\x44" + bytes(6)
    return b"FORM\xff\xff\xff\xffAIFFCOMM" + common + b"SSND\xff\xff\xff\xff" + bytes(5_000)


def au() -> bytes:
    return b".snd" + struct.pack(">5I", 2**32 - 1, 2**32 - 1, 3, 16_000, 1) + bytes(5_000)


def ogg_checksum(page: bytes) -> int:
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x104C11DB7) if crc & 0x80000000 else crc << 1
    return crc


def ogg_of_many_streams(streams: int) -> bytes:
    """Each page begins a stream of its own; FFmpeg keeps all of them."""
    head = b"OpusHead\x01\x01\0\0\x80\xbb\0\0\0\0\0"

    def page(serial: int, checksum: int) -> bytes:
        return (
            b"OggS\0\x02" + bytes(8) + struct.pack("<III", serial, 0, checksum) + bytes([1, len(head)]) + head
        )

    # A checksum is linear: what a byte of the serial number adds to it does not depend on the others.
    plain = ogg_checksum(page(0, 0))
    added = [[ogg_checksum(page(byte << shift, 0)) ^ plain for byte in range(256)] for shift in (0, 8, 16)]
    return b"".join(
        page(
            number,
            plain ^ added[0][number & 255] ^ added[1][number >> 8 & 255] ^ added[2][number >> 16 & 255],
        )
        for number in range(streams)
    )


def matroska_of_depth(depth: int) -> bytes:
    """Master elements of unknown size, one in the other."""
    start = b"\x1aE\xdf\xa3\x8b\x42\x82\x88matroska" + b"\x18S\x80g\x01\xff\xff\xff\xff\xff\xff\xff"
    return (
        start
        + b"\x12\x54\xc3\x67\xff\x73\x73\xff\x67\xc8\xff"
        + b"\x67\xc8\x01\xff\xff\xff\xff\xff\xff\xff" * depth
    )


def zipped(size_mb: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("voice.wav", bytes(size_mb * MB))
    return buffer.getvalue()


PLAYLISTS = {
    "HLS": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:7,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    "HLS over HTTP": "#EXTM3U\n#EXTINF:7,\nhttp://127.0.0.1:9/a.wav\n",
    "concat": "ffconcat version 1.0\nfile 'file:/etc/passwd'\n",
    "DASH": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>file:///etc/passwd</BaseURL></MPD>',
    "SDP": "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nc=IN IP4 127.0.0.1\r\nm=audio 9 RTP/AVP 0\r\n",
    "ffmetadata": ";FFMETADATA1\ntitle=x\n",
}


def crafted_uploads(base: dict[str, bytes], *, size: float = 1.0) -> dict[str, Callable[[], bytes]]:
    """By what they are; each is made when it is sent. `size` scales the large ones; at 1 they fill what is allowed."""
    speech = base["wav"][44:]

    def scaled(count: int) -> int:
        return max(1, int(count * size))

    made: dict[str, Callable[[], bytes]] = {
        "MOV with 8 tracks of 10 million samples": lambda: mov(8, 10_000_000),
        "MOV with 300 tracks": lambda: mov(300, 300_000),
        "MOV with a track of 2^32 - 1 samples": lambda: mov(1, 2**32 - 1),
        "compressed moov": lambda: compressed_mov(scaled(128)),
        "nested atoms": lambda: nested_atoms(scaled(100_000)),
        "FLAC with 400 000 tags": lambda: flac_with_tags(base["flac"], scaled(400_000)),
        "FLAC with a forged duration": lambda: flac_with_tags(base["flac"], 1, b"TITLE=" + FORGED),
        "FLAC with a picture of 2^31 pixels each way": lambda: flac_with_picture(base["flac"]),
        "MP3 with 300 000 ID3 frames": lambda: mp3_with_frames(base["mp3"], scaled(300_000)),
        "MP3 with a forged duration": lambda: mp3_with_frames(base["mp3"], 1, b"\0title\0" + FORGED),
        "ADTS of empty frames": lambda: adts(scaled(24 * MB)),
        "WAV that claims 4 GB": lambda: wav(1, 16_000, 16, speech, claimed=2**32 - 1),
        "WAV of 65535 channels": lambda: wav(65535, 16_000, 16, speech),
        "WAV of no channel": lambda: wav(0, 16_000, 16, speech),
        "WAV at 4 GHz": lambda: wav(1, 2**32 - 1, 16, speech),
        "WAV at 0 Hz": lambda: wav(1, 0, 16, speech),
        "WAV at 1 Hz": lambda: wav(1, 1, 8, speech[:100]),
        "WAV of NaN": lambda: wav(1, 16_000, 32, struct.pack("<f", float("nan")) * 32_000, kind=3),
        "WAV of infinity": lambda: wav(1, 16_000, 32, struct.pack("<f", float("inf")) * 32_000, kind=3),
        "WAV of 8 channels at 384 kHz": lambda: wav(8, 384_000, 32, bytes(scaled(24 * MB))),
        "WAV of 3 million chunks": lambda: (
            base["wav"][:12] + b"LIST\0\0\0\0" * scaled(3_000_000) + base["wav"][12:]
        ),
        "Ogg of 500 000 streams": lambda: ogg_of_many_streams(scaled(500_000)),
        "Matroska nested 2 million deep": lambda: matroska_of_depth(scaled(2_000_000)),
        "zip": lambda: zipped(scaled(128)),
        "gzip": lambda: gzip.compress(bytes(scaled(64) * MB)),
        "CAF of 2^60 packets": caf,
        "AIFF of 2^32 frames": aiff,
        "AU with an offset of 4 GB": au,
        "zeros": lambda: bytes(scaled(24 * MB)),
        "noise": lambda: random.Random(1).randbytes(scaled(24 * MB)),
        "AMR of noise": lambda: b"#!AMR\n" + random.Random(2).randbytes(scaled(4 * MB)),
        "one byte": lambda: b"R",
        "WAV of no samples": lambda: base["wav"][:44],
        "two files in one": lambda: base["mp3"] + base["flac"],
        **{f"playlist, {name}": text.encode for name, text in PLAYLISTS.items()},
    }
    return made
