"""Accounts, transfers between them and their entries. All amounts are whole fen."""

from enum import StrEnum

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from miniapi.ids import new_id


class AccountName(StrEnum):
    """The accounts of one book. What the sources gave equals the sum of the others.

    `fund` gave what is not attributed to a source yet: the province's grant is not known.
    """

    FUND = "fund"
    PROVINCE = "province"
    ZONE = "zone"
    DISTRICT = "district"
    POOL = "pool"
    RESERVED = "reserved"
    PAYABLE = "payable"
    PAID = "paid"
    CLAWBACK = "clawback"


SOURCES = (AccountName.FUND, AccountName.PROVINCE, AccountName.ZONE, AccountName.DISTRICT)


class Account(Model):
    """One account of one book (a programme's code). A source's balance is what it has given."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    book = fields.CharField(max_length=64)
    name = fields.CharEnumField(AccountName, max_length=16)
    balance = fields.BigIntField(default=0)

    class Meta:
        table = "account"
        constraints = (
            UniqueConstraint(fields=("book", "name"), name="one_account_per_name"),
            CheckConstraint(check="balance >= 0", name="never_overdrawn"),
            CheckConstraint(
                check="name IN ('fund','province','zone','district',"
                "'pool','reserved','payable','paid','clawback')",
                name="account_known",
            ),
        )


class Transfer(Model):
    """Money moved once from one account to another, with the reason and the key that moved it."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    key = fields.CharField(max_length=120)
    reason = fields.CharField(max_length=64)
    at = fields.DatetimeField()
    entries: fields.ReverseRelation["Entry"]

    class Meta:
        table = "transfer"
        constraints = (UniqueConstraint(fields=("key",), name="a_key_moves_money_once"),)


class Entry(Model):
    """One side of a transfer: negative leaves the account, positive comes in. Never edited."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    transfer: fields.ForeignKeyRelation[Transfer] = fields.ForeignKeyField(
        "miniapi.Transfer", on_delete=fields.RESTRICT, related_name="entries"
    )
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "miniapi.Account", on_delete=fields.RESTRICT, related_name="entries"
    )
    amount = fields.BigIntField()

    class Meta:
        table = "entry"
        indexes = (("account_id",),)
        constraints = (
            UniqueConstraint(fields=("transfer_id", "account_id"), name="one_entry_per_side"),
            CheckConstraint(check="amount <> 0", name="entry_moves_something"),
        )
