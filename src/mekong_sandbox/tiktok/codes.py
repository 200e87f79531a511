"""What the platform answers when it does not do as asked.

Numbers below 13 000 000 and those of the gateway are the platform's own, with its words, from its table of common errors
and the tables of its product calls. For orders, packages, after-sales and some
refusals of products and promotions its numbers are not known: those are ours, and
software that branches on them branches on nothing.
"""

from __future__ import annotations

# The gateway's
TOKEN_EXPIRED = 105002
WRONG_SIGN = 106001
CIPHER_MISSING = 106013
CIPHER_NOT_OF_TOKEN = 101000
TOO_MANY = 36009002
INVALID = 36009004
NO_SUCH_PATH = 36009009
NO_SUCH_METHOD = 36009010
NOT_MULTIPART = 36009023
NOT_JSON = 36009022
NO_SUCH_VERSION = 36009014
BAD_AUTH_CODE = 36004004
BAD_REFRESH_TOKEN = 36004005  # seen beside the one before in other people's software, not in the platform's table

# Products
PRODUCT_STATUS = 12019113
PAGE_TOKEN = 12019108
PAGE_SIZE = 12019109
PRODUCT_NOT_FOUND = 12019150
STOCK_RANGE = 12052055
PRICE_INVALID = 12052073
CURRENCY = 12052084
WAREHOUSE_UNKNOWN = 12052097
CATEGORY_UNKNOWN = 12052023
TITLE_EMPTY = 12052261
IMAGES_INVALID = 12052300
STOCK_INCOMPLETE = 12052516
WAREHOUSE_NOT_OF_SKU = 12052533
SKU_TWICE = 12052553
WAREHOUSE_TWICE = 12052555
SKU_NOT_OF_PRODUCT = 12052557
CHECK_FAILED = 12052990

# Products: ours, where its tables were not seen
TITLE_LENGTH = 90012001
CATEGORY_NOT_LEAF = 90012002
ATTRIBUTE_MISSING = 90012003
ATTRIBUTE_VALUE = 90012004
BRAND_UNKNOWN = 90012005
SALES_ATTRIBUTES = 90012006
PACKAGE_INVALID = 90012007
DESCRIPTION_LENGTH = 90012008
SKU_UNKNOWN = 90012009
SKU_COMMITTED = 90012010

# Promotions: seen in other people's software and its notes of real answers, not in the platform's table
PROMOTION_INVALID = 17029001
TITLE_TAKEN = 17029004
BEGINS_IN_PAST = 17029005
PERIOD_INVALID = 17029006
PERIOD_TOO_LONG = 17029007
NO_SUCH_ACTIVITY = 17029009
ACTIVITY_OVER = 17029012
SKUS_OF_PRODUCT_LEVEL = 17029013
IN_ANOTHER_ACTIVITY = 17029022
ACTIVITY_OF_OTHER_SHOP = 17029028
ACTIVITY_KIND = 17029036
TOO_MANY_PROMOTED = 17029046
PRODUCT_IN_FLASH_SALE = 17029047
SKU_IN_FLASH_SALE = 17029048
ACTIVITY_PAGE = 17029059

# Promotions, where no number was seen: ours
PROMOTION_PRICE = 90029001
PROMOTED_UNKNOWN = 90029002
ACTIVITY_BEGUN = 90029003

# Orders, packages, after-sales: ours
ORDER_NOT_FOUND = 90011001
PACKAGE_NOT_FOUND = 90021001
PACKAGE_STATUS = 90021002
SHIPMENT_INCOMPLETE = 90021003
NO_LABEL = 90021004
CANCEL_NOT_ALLOWED = 90025001
AFTERSALE_NOT_FOUND = 90025002
AFTERSALE_STATUS = 90025003


class Refused(Exception):
    """An answer with a `code` other than 0. `status` is HTTP's; refusals of the business itself keep 200."""

    def __init__(self, code: int, message: str, status: int = 200) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def invalid(message: str) -> Refused:
    """The request itself is malformed."""
    return Refused(INVALID, message, 400)


def expired() -> Refused:
    """The access token has run out: refresh it."""
    return Refused(
        TOKEN_EXPIRED, "Expired credentials. The 'access_token' or 'x-tts-access-token' header has expired.", 401
    )


def too_many() -> Refused:
    """The calls come too fast."""
    text = "Too many requests. You've made too many requests in a short period of time."
    return Refused(TOO_MANY, text, 429)
