"""What all processes of an installation share of WeChat's."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class WeChatToken(Model):
    """The access token of a mini-program; all times are the machine's, of the database's host.

    `fetching_until` is the turn of whoever fetches a new one: who finds it taken waits for that one.
    `forced` counts the forced refreshes since `forced_since`, of which WeChat allows twenty a day.
    """

    appid = fields.CharField(max_length=64, primary_key=True)
    token_sealed = fields.TextField(null=True)
    expires_at = fields.DatetimeField(null=True)
    fetching_until = fields.DatetimeField(null=True)
    forced_at = fields.DatetimeField(null=True)
    forced_since = fields.DatetimeField(null=True)
    forced = fields.SmallIntField(default=0)

    class Meta:
        table = "wechat_token"
        constraints = (
            CheckConstraint(
                check="(token_sealed IS NULL) = (expires_at IS NULL)", name="wechat_token_expires"
            ),
            CheckConstraint(check="forced BETWEEN 0 AND 20", name="forced_twenty_times_a_day"),
        )
