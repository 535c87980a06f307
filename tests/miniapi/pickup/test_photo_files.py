"""What is kept of a photo, and what is not."""

import io
import os
import random

import pytest
from PIL import Image

from miniapi.pickup import photo_files
from miniapi.pickup.photo_errors import NoSuchPhoto, PhotosAway, PhotoTooDetailed, PhotoUnreadable
from tests.factories.pictures import TOLD, a_picture

SOMEWHERE_ELSE = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"


def seen(content):
    with Image.open(io.BytesIO(content)) as picture:
        picture.load()
        return picture


def colours(picture):
    """Of the middle of the upper, the right, the lower and the left edge."""
    width, height = picture.size
    spots = ((width // 2, 2), (width - 3, height // 2), (width // 2, height - 3), (2, height // 2))
    return ["red" if picture.getpixel(spot)[0] > 128 else "blue" for spot in spots]


class TestRedrawing:
    @pytest.mark.parametrize("kind", photo_files.FORMATS)
    def test_keeps_the_picture_and_nothing_else(self, kind):
        drawn = photo_files.redrawn(a_picture(kind))

        kept = seen(drawn.content)
        assert (kept.format, kept.size, (drawn.width, drawn.height)) == ("JPEG", (60, 40), (60, 40))
        assert colours(kept)[::2] == ["red", "blue"]
        assert dict(kept.getexif()) == {}
        assert set(kept.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert TOLD.encode() not in drawn.content

    def test_turns_it_upright(self):
        drawn = photo_files.redrawn(a_picture(turned=True))

        assert (drawn.width, drawn.height) == (40, 60)
        assert colours(seen(drawn.content))[1::2] == ["red", "blue"]

    def test_makes_it_no_larger_than_needed(self):
        drawn = photo_files.redrawn(a_picture(size=(4000, 1000)))

        assert (drawn.width, drawn.height) == (2048, 512)

    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
    def test_takes_every_kind_of_png(self, mode):
        file = io.BytesIO()
        Image.new(mode, (8, 8)).save(file, "PNG")

        assert seen(photo_files.redrawn(file.getvalue()).content).mode == "RGB"

    def test_shows_white_where_nothing_is(self):
        file = io.BytesIO()
        Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(file, "PNG")

        assert seen(photo_files.redrawn(file.getvalue()).content).getpixel((4, 4)) == (255, 255, 255)

    @pytest.mark.parametrize(
        "content",
        [b"", b"hello", SOMEWHERE_ELSE, a_picture()[:300], a_picture("PNG")[:90], b"\xff\xd8\xff\xe0"],
    )
    def test_refuses_what_is_no_photo(self, content):
        with pytest.raises(PhotoUnreadable):
            photo_files.redrawn(content)

    @pytest.mark.filterwarnings("ignore::UserWarning")
    def test_never_fails_otherwise(self):
        chance = random.Random(20240901)
        whole = [a_picture(kind, turned=True) for kind in photo_files.FORMATS]

        for _ in range(600):
            broken = bytearray(chance.choice(whole))
            for _ in range(chance.choice((1, 3, 20))):
                broken[chance.randrange(min(len(broken), 200))] = chance.randrange(256)
            try:
                photo_files.redrawn(bytes(broken))
            except (PhotoUnreadable, PhotoTooDetailed):
                continue

    @pytest.mark.parametrize(("kind", "side"), [("PNG", 4001), ("JPEG", 5001)])
    def test_unpacks_no_bomb(self, kind, side):
        file = io.BytesIO()
        Image.new("1" if kind == "PNG" else "L", (side, side)).save(file, kind)

        with pytest.raises(PhotoTooDetailed):
            photo_files.redrawn(file.getvalue())


class TestKeeping:
    @pytest.fixture
    def folder(self, tmp_path):
        return tmp_path / "photos"

    @pytest.fixture
    def photo_id(self):
        return photo_files.UUID(int=7)

    def test_leaves_a_file_that_only_its_key_opens(self, folder, photo_id):
        picture = photo_files.redrawn(a_picture())
        sealed = photo_files.sealed(picture)

        photo_files.keep(folder, photo_id, sealed.content)

        kept = photo_files.take(folder, photo_id)
        assert picture.content not in kept
        assert photo_files.unsealed(kept, sealed.key) == picture.content
        assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {photo_id.hex: 0o600}
        assert folder.stat().st_mode & 0o777 == 0o700

    def test_on_a_full_disk_leaves_nothing(self, folder, photo_id, monkeypatch):
        def full(number):
            raise OSError(28, os.strerror(28))

        monkeypatch.setattr(photo_files.os, "fsync", full)

        with pytest.raises(PhotosAway):
            photo_files.keep(folder, photo_id, b"content")

        assert list(folder.iterdir()) == []

    def test_where_no_folder_can_be_says_so(self, tmp_path, photo_id):
        (tmp_path / "photos").write_text("a file")

        with pytest.raises(PhotosAway):
            photo_files.keep(tmp_path / "photos", photo_id, b"content")
        with pytest.raises(PhotosAway):
            photo_files.take(tmp_path / "photos", photo_id)

    def test_what_is_gone_is_no_photo(self, folder, photo_id):
        photo_files.keep(folder, photo_id, b"content")

        photo_files.remove(folder, photo_id)
        photo_files.remove(folder, photo_id)

        with pytest.raises(NoSuchPhoto):
            photo_files.take(folder, photo_id)
