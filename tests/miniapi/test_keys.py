import re
from base64 import urlsafe_b64encode as b64encode

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from miniapi.keys import Keys, SealBroken, key_id

OLD, NEW = "one secret of at least 32 characters", "another secret of 32 characters!"
KEYS, OTHERS = Keys(OLD), Keys(NEW)
texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(texts)
def test_what_was_sealed_comes_back(text):
    assert KEYS.unseal(KEYS.seal(text)) == text


def test_the_same_text_never_looks_the_same_twice():
    assert KEYS.seal("示例路 8 号") != KEYS.seal("示例路 8 号")


def test_another_secret_opens_nothing_and_says_which_is_missing():
    with pytest.raises(SealBroken, match=f"{KEYS.id}.*{OTHERS.id}"):
        OTHERS.unseal(KEYS.seal("示例路 8 号"))


@pytest.mark.parametrize("damaged", ["", "-", ":", "gAAAAA", "x" * 200, f"{KEYS.id}:", f"{KEYS.id}:印章"])
def test_what_is_damaged_is_said_to_be(damaged):
    with pytest.raises(SealBroken):
        KEYS.unseal(damaged)


def test_what_the_first_version_sealed_is_opened():
    token = Fernet(b64encode(HKDF(SHA256(), 32, None, b"huanxin seal 1").derive(OLD.encode()))).encrypt(b"8")

    assert KEYS.unseal(f"{KEYS.id}:{token.decode()}") == "8"
    assert KEYS.unseal(token.decode()) == "8"


def test_a_changed_letter_breaks_the_seal():
    sealed = KEYS.seal("示例路 8 号")

    with pytest.raises(SealBroken):
        KEYS.unseal(sealed[:-10] + ("A" if sealed[-10] != "A" else "B") + sealed[-9:])


class TestSigning:
    @given(st.binary())
    def test_what_was_signed_is_known_again(self, content):
        assert KEYS.is_signed(content, KEYS.sign(content))

    @given(st.binary(), st.binary())
    def test_a_signature_is_of_nothing_else(self, content, other):
        assert KEYS.is_signed(other, KEYS.sign(content)) == (content == other)

    @given(st.binary(), st.binary(max_size=40))
    def test_no_other_bytes_are_one(self, content, signature):
        assert not KEYS.is_signed(content, signature)
        assert not KEYS.is_signed(content, KEYS.sign(content)[:-1])

    def test_it_is_no_digest_of_a_request(self):
        assert KEYS.sign(b"{}").hex() not in KEYS.digest(b"{}")


class TestSeveralSecrets:
    def test_the_first_one_seals_and_all_of_them_open(self):
        both = Keys(f"{NEW}, {OLD}")

        assert both.ids == (OTHERS.id, KEYS.id)
        assert both.unseal(KEYS.seal("张三")) == "张三"
        assert OTHERS.unseal(both.seal("张三")) == "张三"
        with pytest.raises(SealBroken):
            KEYS.unseal(both.seal("张三"))

    def test_what_was_sealed_before_keys_had_ids_still_opens(self):
        without_id = KEYS.seal("张三").partition(":")[2]

        assert Keys(f"{NEW},{OLD}").unseal(without_id) == "张三"
        with pytest.raises(SealBroken):
            OTHERS.unseal(without_id)

    def test_the_same_request_is_known_again_whichever_comes_first(self):
        before, during, after = KEYS, Keys(f"{OLD},{NEW}"), Keys(f"{NEW},{OLD}")

        assert during.is_digest(before.digest(b"{}"), b"{}")
        assert after.is_digest(during.digest(b"{}"), b"{}")
        assert during.is_digest(after.digest(b"{}"), b"{}")
        assert not during.is_digest(after.digest(b"{}"), b"[]")
        assert not OTHERS.is_digest(before.digest(b"{}"), b"{}")

    def test_what_any_of_them_signed_is_known(self):
        both = Keys(f"{NEW},{OLD}")

        assert both.is_signed(b"a voucher", KEYS.sign(b"a voucher"))
        assert both.is_signed(b"a voucher", OTHERS.sign(b"a voucher"))
        assert not KEYS.is_signed(b"a voucher", both.sign(b"a voucher"))

    def test_an_id_is_short_and_is_no_part_of_the_secret(self):
        assert re.fullmatch(r"[0-9a-f]{8}", key_id(OLD))
        assert key_id(OLD) == KEYS.id != OTHERS.id
        assert KEYS.seal("x").startswith(f"{KEYS.id}:")
