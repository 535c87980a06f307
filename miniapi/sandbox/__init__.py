"""The WeChat sandbox: a faithful local stand-in for api.weixin.qq.com, in a process of its own."""

JOURNAL = "sandbox.jsonl"  # in the home: what the sandbox knows
