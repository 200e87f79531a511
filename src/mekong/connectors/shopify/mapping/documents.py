"""What is asked of Shopify, in GraphQL. Pages are sized so that no call costs more than the thousand points allowed."""

from __future__ import annotations

from typing import Final

_VARIANT = """
  id sku barcode title price compareAtPrice
  product { id title descriptionHtml status }
  inventoryItem { id tracked inventoryLevel(locationId: $place) { quantities(names: ["available"]) { name quantity } } }
"""
_MONEY = "{ shopMoney { amount } }"
_LINES = f"""
  nodes {{
    id name sku quantity currentQuantity
    product {{ id }}
    variant {{ id inventoryItem {{ id }} }}
    originalUnitPriceSet {_MONEY}
    discountedUnitPriceAfterAllDiscountsSet {_MONEY}
    taxLines {{ priceSet {_MONEY} }}
  }}
  pageInfo {{ hasNextPage endCursor }}
"""

SHOP: Final = "query Shop { shop { id } }"

PLACES: Final = "query Places { locations(first: 50) { nodes { id isActive fulfillsOnlineOrders } } }"

VARIANTS: Final = f"""
query Variants($first: Int!, $after: String, $place: ID!) {{
  productVariants(first: $first, after: $after, sortKey: ID) {{
    nodes {{ {_VARIANT} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}"""

THESE_VARIANTS: Final = f"""
query TheseVariants($ids: [ID!]!, $place: ID!) {{ nodes(ids: $ids) {{ ... on ProductVariant {{ {_VARIANT} }} }} }}"""

SET_STOCK: Final = """
mutation SetStock($i: InventorySetQuantitiesInput!, $k: String!) {
  inventorySetQuantities(input: $i) @idempotent(key: $k) {
    inventoryAdjustmentGroup { id } userErrors { code field message }
  }
}"""

SET_PRICES: Final = """
mutation SetPrices($product: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulkUpdate(productId: $product, variants: $variants) {
    productVariants { id } userErrors { code field message }
  }
}"""

CHANGED_ORDERS: Final = """
query ChangedOrders($first: Int!, $after: String, $query: String!) {
  orders(first: $first, after: $after, sortKey: UPDATED_AT, query: $query) {
    nodes { id updatedAt } pageInfo { hasNextPage endCursor }
  }
}"""

THESE_ORDERS: Final = f"""
query TheseOrders($ids: [ID!]!) {{
  nodes(ids: $ids) {{ ... on Order {{
    id createdAt updatedAt cancelledAt displayFinancialStatus displayFulfillmentStatus currencyCode taxesIncluded
    note phone paymentGatewayNames
    totalPriceSet {_MONEY} currentTotalPriceSet {_MONEY} totalShippingPriceSet {_MONEY}
    customer {{ id displayName }}
    shippingAddress {{ name phone address1 address2 city province zip countryCodeV2 }}
    fulfillments(first: 10) {{ status displayStatus trackingInfo(first: 1) {{ number }} }}
    lineItems(first: 20) {{ {_LINES} }}
  }} }}
}}"""

MORE_LINES: Final = f"""
query MoreLines($id: ID!, $after: String!) {{ order(id: $id) {{ lineItems(first: 50, after: $after) {{ {_LINES} }} }} }}"""

PARCELS: Final = """
query Parcels($id: ID!) { order(id: $id) { id fulfillmentOrders(first: 50) { nodes { id status } } } }"""

FULFIL: Final = """
mutation Fulfil($f: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $f) { fulfillment { id } userErrors { field message } }
}"""

CANCEL: Final = """
mutation Cancel($id: ID!, $reason: OrderCancelReason!, $refund: OrderCancelRefundMethodInput!) {
  orderCancel(orderId: $id, reason: $reason, refundMethod: $refund, restock: true, notifyCustomer: false) {
    job { id } orderCancelUserErrors { code field message }
  }
}"""

# --- publishing -----------------------------------------------------------------------------------------------------

_CATEGORIES: Final = "nodes { id name parentId isArchived } pageInfo { hasNextPage endCursor }"

TOP_CATEGORIES: Final = f"""
query TopCategories($after: String) {{
  taxonomy {{ categories(first: 250, after: $after) {{ {_CATEGORIES} }} }}
}}"""

LOWER_CATEGORIES: Final = f"""
query LowerCategories($id: ID!, $after: String) {{
  taxonomy {{ categories(first: 250, after: $after, descendantsOf: $id) {{ {_CATEGORIES} }} }}
}}"""

STAGE_UPLOAD: Final = """
mutation StageUpload($input: [StagedUploadInput!]!) {
  stagedUploadsCreate(input: $input) {
    stagedTargets { url resourceUrl parameters { name value } } userErrors { field message }
  }
}"""

CREATE_FILE: Final = """
mutation CreateFile($files: [FileCreateInput!]!) {
  fileCreate(files: $files) { files { id fileStatus } userErrors { code field message } }
}"""

FILE_STATES: Final = """
query FileStates($ids: [ID!]!) { nodes(ids: $ids) { ... on MediaImage { id fileStatus } } }"""

BEARERS: Final = """
query Bearers($query: String!) {
  productVariants(first: 100, query: $query) { nodes { id sku product { id } } pageInfo { hasNextPage endCursor } }
}"""

BY_HANDLE: Final = """
query ByHandle($handle: String!) {
  productByIdentifier(identifier: { handle: $handle }) { id variants(first: 100) { nodes { sku } } }
}"""

PRODUCT: Final = f"""
query Product($id: ID!, $place: ID!, $after: String) {{
  product(id: $id) {{
    id title descriptionHtml vendor status publishedAt onlineStoreUrl
    category {{ id }}
    options(first: 3) {{ name position }}
    media(first: 250, sortKey: POSITION) {{ nodes {{ id }} }}
    variants(first: 40, after: $after, sortKey: POSITION) {{
      nodes {{
        {_VARIANT}
        weighed: inventoryItem {{ id measurement {{ weight {{ value unit }} }} }}
        selectedOptions {{ name value }}
        media(first: 1) {{ nodes {{ id }} }}
      }}
      pageInfo {{ hasNextPage endCursor }}
    }}
  }}
}}"""

SET_PRODUCT: Final = """
mutation SetProduct($input: ProductSetInput!, $identifier: ProductSetIdentifiers) {
  productSet(synchronous: true, identifier: $identifier, input: $input) {
    product { id } userErrors { code field message }
  }
}"""

UPDATE_PRODUCT: Final = """
mutation UpdateProduct($product: ProductUpdateInput!) {
  productUpdate(product: $product) { product { id } userErrors { field message } }
}"""

UPDATE_FILES: Final = """
mutation UpdateFiles($files: [FileUpdateInput!]!) {
  fileUpdate(files: $files) { files { id } userErrors { code field message } }
}"""

ORDER_MEDIA: Final = """
mutation OrderMedia($id: ID!, $moves: [MoveInput!]!) {
  productReorderMedia(id: $id, moves: $moves) { job { id } mediaUserErrors { code field message } }
}"""

CREATE_VARIANTS: Final = """
mutation CreateVariants($product: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulkCreate(productId: $product, variants: $variants) {
    productVariants { id } userErrors { code field message }
  }
}"""

CHANGE_VARIANTS: Final = """
mutation ChangeVariants($product: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulkUpdate(productId: $product, variants: $variants) {
    productVariants { id } userErrors { code field message }
  }
}"""

DELETE_VARIANTS: Final = """
mutation DeleteVariants($product: ID!, $variants: [ID!]!) {
  productVariantsBulkDelete(productId: $product, variantsIds: $variants) {
    product { id } userErrors { code field message }
  }
}"""

PUBLICATIONS: Final = """
query Publications { publications(first: 50) { nodes { id name supportsFuturePublishing } } }"""

PUBLISH: Final = """
mutation Publish($id: ID!, $input: [PublicationInput!]!) {
  publishablePublish(id: $id, input: $input) { userErrors { field message } }
}"""
