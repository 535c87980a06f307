"""Every way photos of a booking can say no."""

from miniapi.errors import Conflict, Invalid, NotFound, Unavailable


class NoSuchPhoto(NotFound):
    code = "not_found"
    sentence = "没有找到这张照片。"


class PhotosFull(Conflict):
    code = "photos_full"
    sentence = "一个预约最多 {most} 张照片，请先删掉一张。"


class SignatureMissing(Conflict):
    code = "signature_missing"
    sentence = "没有找到居民的签名，请让居民在手机上签名后再提交。"


class PhotoNeeded(Conflict):
    code = "photo_needed"
    sentence = "用签名收走的，请先拍一张旧物的照片。"


class PhotoUnreadable(Invalid):
    code = "photo_unreadable"
    sentence = "这张照片无法读取，请换一张 JPEG、PNG 或 WebP 格式的。"


class PhotoTooDetailed(Invalid):
    code = "photo_too_detailed"
    sentence = "这张照片的像素太多（最多 {most} 万），请缩小后再上传。"


class PhotosAway(Unavailable):
    """The disk is full, or is not there."""

    code = "photos_unavailable"
    sentence = "照片暂时无法存取，请稍后再试。"
