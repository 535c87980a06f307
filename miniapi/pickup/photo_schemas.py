"""The JSON of photos, and what a photo may be sent as."""

from typing_extensions import TypedDict

from miniapi.http.answers import Id, Time, written
from miniapi.http.files import File
from miniapi.pickup.photo_models import PhotoKind, PickupPhoto


class Photo(File):
    """A picture as a telephone takes it."""

    CONTENT_TYPES = ("image/jpeg", "image/png", "image/webp")


class Drawn(File):
    """A signature as a telephone draws it."""

    CONTENT_TYPES = ("image/png",)


class PhotoJson(TypedDict):
    """A photo as it is kept: a JPEG, its sides in pixels."""

    id: Id
    kind: PhotoKind
    width: int
    height: int
    added_at: Time


def photo_json(photo: PickupPhoto) -> PhotoJson:
    """What there is to know of a photo."""
    return {
        "id": str(photo.id),
        "kind": photo.kind,
        "width": photo.width,
        "height": photo.height,
        "added_at": written(photo.added_at),
    }
