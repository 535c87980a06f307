"""Decisions about people: numbers that can be right, and what is shown of them."""

import re
from datetime import date

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"
PROVINCE = r"(1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])"  # GB/T 2260, first two digits
PHONE = re.compile(r"1[3-9][0-9]{9}")


def tidy_id_number(written: str) -> str:
    """As it is printed on the card: no spaces, a capital X."""
    return re.sub(r"\s", "", written).upper()


def is_id_number(number: str, today: date) -> bool:
    """Whether an 18-character citizen number can exist: GB 11643-1999, check character by MOD 11-2."""
    if not re.fullmatch(PROVINCE + r"[0-9]{15}[0-9X]", number):
        return False
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number, WEIGHTS, strict=False))
    return date(1900, 1, 1) <= born <= today and number[17] == CHECK_CHARACTERS[total % 11]


def is_phone(written: str) -> bool:
    """Whether it is a mobile number of the mainland."""
    return PHONE.fullmatch(written) is not None


def masked_phone(phone: str) -> str:
    """138****5678"""
    return f"{phone[:3]}****{phone[-4:]}"


def masked_name(name: str) -> str:
    """张*"""
    return name[:1] + "*" * (len(name) - 1)


def masked_id_number(number: str) -> str:
    """6104**********123X"""
    return number[:4] + "*" * 10 + number[-4:]
