"""Photos as files: redrawn, so that nothing but the picture is left, sealed, and kept whole or not at all."""

import io
import os
import struct
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from cryptography.fernet import Fernet
from PIL import Image, ImageOps

from miniapi.pickup.photo_errors import NoSuchPhoto, PhotosAway, PhotoTooDetailed, PhotoUnreadable

FORMATS = ("JPEG", "PNG", "WEBP")
LONGEST_SIDE = 2048  # pixels of what is kept: enough to see a scratch
QUALITY = 85
MOST_PIXELS = 25_000_000  # as telephones take them; a JPEG is unpacked at a fraction of it
MOST_PIXELS_UNPACKED = 16_000_000  # of what can only be unpacked whole: 64 MB in memory
IN_WORDS = 10_000  # 万
SWEPT = ".swept"  # when it was written, the folder was last swept
NO_PICTURE = (  # what Pillow raises for bytes that are none
    *(OSError, ValueError, SyntaxError, EOFError, OverflowError),
    *(struct.error, IndexError, KeyError, TypeError),
)

warnings.filterwarnings("ignore", module=r"PIL\.")  # of what else is wrong with a file that shows a picture
Image.MAX_IMAGE_PIXELS = None  # we look ourselves, before anything is unpacked


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG without a word about where, when and by whom it was taken; sides in pixels."""

    content: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Sealed:
    """A picture that only its key opens."""

    content: bytes
    key: str
    width: int
    height: int


def redrawn(content: bytes) -> Picture:
    """The picture alone, upright and not larger than needed. Raises PhotoUnreadable, PhotoTooDetailed."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as photo:
            _refuse_too_many(photo)
            photo.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            photo.load()
            return _drawn(photo)
    except NO_PICTURE:
        raise PhotoUnreadable() from None


def sealed(picture: Picture) -> Sealed:
    """The picture under a new key."""
    key = Fernet.generate_key()
    return Sealed(Fernet(key).encrypt(picture.content), key.decode("ascii"), picture.width, picture.height)


def unsealed(content: bytes, key: str) -> bytes:
    """The JPEG again."""
    return Fernet(key).decrypt(content)


def keep(folder: Path, photo_id: UUID, content: bytes) -> None:
    """Write a file, whole and on the disk, or none. Raises PhotosAway."""
    target = _file(folder, photo_id)
    aside = target.with_suffix(".part")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with open(aside, "xb", opener=_privately) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            aside.rename(target)
        finally:
            aside.unlink(missing_ok=True)
    except OSError:
        raise PhotosAway() from None


def take(folder: Path, photo_id: UUID) -> bytes:
    """What a file holds. Raises NoSuchPhoto where it is gone, PhotosAway where it cannot be read."""
    try:
        return _file(folder, photo_id).read_bytes()
    except FileNotFoundError:
        raise NoSuchPhoto() from None
    except OSError:
        raise PhotosAway() from None


def remove(folder: Path, photo_id: UUID) -> None:
    """Delete a file, if it is there; one that cannot be deleted now is swept later."""
    try:
        _file(folder, photo_id).unlink(missing_ok=True)
    except OSError:
        return


def delete(files: Iterable[Path]) -> None:
    """Delete these, as far as they are still there."""
    for file in files:
        file.unlink(missing_ok=True)


def left_behind(folder: Path) -> list[Path]:
    """The files that were here when the folder was last swept; from now on this is the last time.

    Whoever adds a photo writes the file first: one that has no row yet is never older than a sweep.
    """
    if not folder.is_dir():
        return []
    mark = folder / SWEPT
    before = mark.stat().st_mtime_ns if mark.exists() else 0
    found = [file for file in folder.iterdir() if file != mark and file.stat().st_mtime_ns < before]
    mark.write_bytes(b"")
    return found


def _refuse_too_many(photo: Image.Image) -> None:
    most = MOST_PIXELS if photo.format == "JPEG" else MOST_PIXELS_UNPACKED
    if photo.width * photo.height > most:
        raise PhotoTooDetailed(most=most // IN_WORDS)


def _drawn(photo: Image.Image) -> Picture:
    """Drawn on a new sheet: whatever else the file held stays behind."""
    upright = ImageOps.exif_transpose(photo)
    seen = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    seen.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    sheet = Image.new("RGB", seen.size, "white")
    sheet.paste(seen, mask=seen if seen.mode == "RGBA" else None)
    drawn = io.BytesIO()
    sheet.save(drawn, "JPEG", quality=QUALITY)
    return Picture(drawn.getvalue(), *sheet.size)


def _file(folder: Path, photo_id: UUID) -> Path:
    return folder / photo_id.hex


def _privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
