import errno
import json
import os

from miniapi.sandbox.problems import answer_problem


async def test_what_breaks_is_said_in_json_and_logged(caplog):
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    answer = await answer_problem(None, full)

    assert (answer.status, answer.content_type) == (500, "application/problem+json")
    assert os.strerror(errno.ENOSPC) in json.loads(answer.body)["title"]
    assert [record.exc_info[1] for record in caplog.records] == [full]
