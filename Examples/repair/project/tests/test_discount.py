import unittest

from pricing.discount import discount, price


class DiscountTests(unittest.TestCase):
    def test_no_discount_for_small_orders(self):
        self.assertEqual(discount(99, 1), 0)

    def test_ten_percent_from_one_hundred_on(self):
        self.assertEqual(discount(100, 1), 10)

    def test_five_percent_more_for_five_items(self):
        self.assertEqual(discount(120, 5), 15)

    def test_price_is_in_cents(self):
        self.assertEqual(price(100, 5), 8500)


if __name__ == "__main__":
    unittest.main()
