"""Every way privacy can say no."""

from miniapi.errors import Conflict, Invalid, NotFound


class VersionOutdated(Conflict):
    """The fact `current` is the version of the notice that holds now."""

    code = "privacy_version_outdated"
    sentence = "隐私说明的现行版本是 {current}，请阅读后再同意。"


class NoSuchResident(NotFound):
    code = "not_found"
    sentence = "没有找到这位居民。"


class SameAccount(Invalid):
    code = "same_account"
    sentence = "转出和转入的是同一个账号。"


class NoIdentityToMove(Conflict):
    code = "no_identity_to_move"
    sentence = "转出的账号没有实名，没有可以转移的身份。"


class TargetHasIdentity(Conflict):
    code = "target_has_identity"
    sentence = "转入的账号已经实名，不能再转入另一个身份。"


class AccountLeft(Conflict):
    code = "account_left"
    sentence = "这个账号已经注销。"
