"""The service behind the mini-program: rules, money, tables, HTTP."""

SERVING = ("up", "serve", "scheduler", "wechat-sandbox")  # commands that work until somebody stops them
STOPPED = "已中止"  # what any other command says that was stopped before it was done
