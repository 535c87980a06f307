import pyotp
import pytest

from miniapi.staff import rules
from miniapi.staff.models import StaffRole

BUREAU, REVIEWER, FINANCE = StaffRole.BUREAU, StaffRole.REVIEWER, StaffRole.FINANCE
AUDITOR, SUPPORT = StaffRole.AUDITOR, StaffRole.SUPPORT
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238, appendix B
NOON = 1_725_163_200.0


def code_at(moment: float) -> str:
    return pyotp.TOTP(SECRET).at(int(moment))


class TestRoles:
    @pytest.mark.parametrize(
        "roles",
        [
            [REVIEWER, FINANCE],
            [BUREAU, REVIEWER, FINANCE],
            [AUDITOR, BUREAU],
            [AUDITOR, SUPPORT],
        ],
    )
    def test_some_may_not_be_one_persons(self, roles):
        assert rules.conflict(roles)

    @pytest.mark.parametrize("roles", [[one] for one in StaffRole] + [[BUREAU, FINANCE], [BUREAU, REVIEWER]])
    def test_the_others_may(self, roles):
        assert rules.conflict(roles) is None


class TestPasswords:
    @pytest.mark.parametrize("password", ["twelve chars", "十二个字也可以当作密码用", "x" * 128])
    def test_of_twelve_characters_do(self, password):
        assert rules.is_fit(password, "zhang.san")

    @pytest.mark.parametrize("password", ["eleven char", "x" * 129, "my zhang.san!", "ZHANG.SAN-2024"])
    def test_that_are_short_or_made_of_the_name_do_not(self, password):
        assert not rules.is_fit(password, "zhang.san")


class TestUsernames:
    @pytest.mark.parametrize("name", ["zs", "zhang.san", "bureau-2", "a_b", "z" * 32])
    def test_are_plain(self, name):
        assert rules.is_username(name)

    @pytest.mark.parametrize("name", ["", "z", "Zhang", "2zhang", "张三", "zhang san", "z" * 33, "zhang\n"])
    def test_are_nothing_else(self, name):
        assert not rules.is_username(name)


class TestCodes:
    def test_are_those_of_rfc_6238(self):
        assert rules.step_of(SECRET, "287082", 59.0, None) == 1

    @pytest.mark.parametrize(("late", "found"), [(-30, -1), (0, 0), (30, 1), (-60, None), (60, None)])
    def test_count_one_step_before_and_after(self, late, found):
        now = int(NOON) // rules.STEP

        assert rules.step_of(SECRET, code_at(NOON + late), NOON, None) == (
            None if found is None else now + found
        )

    def test_count_once_and_so_do_those_before_them(self):
        used = rules.step_of(SECRET, code_at(NOON), NOON, None)

        assert used is not None
        assert rules.step_of(SECRET, code_at(NOON), NOON, used) is None
        assert rules.step_of(SECRET, code_at(NOON - 30), NOON, used) is None
        assert rules.step_of(SECRET, code_at(NOON + 30), NOON, used) == used + 1
