"""Discounts for orders."""


def discount(total, items):
    """The discount in percent: 10 from 100.00 on, and 5 more for five items or more."""
    percent = 0
    if total > 100:
        percent += 10
    if items >= 5:
        percent += 5
    return percent


def price(total, items):
    """What the customer pays, in whole cents."""
    return round(total * (100 - discount(total, items)))
