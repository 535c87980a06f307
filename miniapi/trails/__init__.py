"""Following public money, from the fund to the shop, for those who check it."""
