"""The service behind the mini-program: rules, money, tables, HTTP."""
