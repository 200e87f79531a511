"""Orders, fulfilment orders and fulfilments as objects of the GraphQL schema."""

from __future__ import annotations

from typing import Any

from mekong_sandbox.shopify.execute import Arguments, Node
from mekong_sandbox.shopify.life import FULFILLABLE
from mekong_sandbox.shopify.model import Fulfillment, FulfillmentOrder, Line, Order, Work
from mekong_sandbox.shopify.nodes import Nodes, bag, moment
from mekong_sandbox.shopify.rows import gid
from mekong_sandbox.shopify.search import connection, page_size


class OrderNodes(Nodes):
    """Makes the objects around an order."""

    def order(self, order: Order) -> Node:
        """An order."""
        money = order.currency
        current = order.current_subtotal() + order.shipping_fee
        paid = order.financial in ("PAID", "REFUNDED")
        amounts = {
            "totalPriceSet": order.total(),
            "originalTotalPriceSet": order.total(),
            "currentTotalPriceSet": current,
            "subtotalPriceSet": order.subtotal(),
            "currentSubtotalPriceSet": order.current_subtotal(),
            "totalShippingPriceSet": order.shipping_fee,
            "totalDiscountsSet": 0,
            "currentTotalDiscountsSet": 0,
            "totalTaxSet": 0,
            "currentTotalTaxSet": 0,
            "totalRefundedSet": order.refunded,
            "totalReceivedSet": order.total() if paid else 0,
            "netPaymentSet": order.total() - order.refunded if paid else 0,
            "totalOutstandingSet": order.total() if order.financial == "PENDING" else 0,
        }
        node: dict[str, Any] = {name: bag(minor, money) for name, minor in amounts.items()}
        return node | {
            "__typename": "Order",
            "id": gid("Order", order.id),
            "legacyResourceId": str(order.id),
            "name": order.name,
            "number": order.number,
            "createdAt": moment(order.created_at),
            "updatedAt": moment(order.updated_at),
            "processedAt": moment(order.created_at),
            "cancelledAt": moment(order.cancelled_at),
            "cancelReason": order.cancel_reason or None,
            "closedAt": moment(order.closed_at),
            "closed": order.closed_at is not None,
            "confirmed": True,
            "test": False,
            "edited": False,
            "currencyCode": money,
            "presentmentCurrencyCode": money,
            "displayFinancialStatus": order.financial,
            "displayFulfillmentStatus": order.fulfilment(),
            "fullyPaid": order.financial == "PAID",
            "unpaid": order.financial == "PENDING",
            "canMarkAsPaid": order.financial == "PENDING",
            "fulfillable": any(line.unsent() for line in order.lines) and order.cancelled_at is None,
            "refundable": order.financial == "PAID",
            "taxesIncluded": True,
            "note": order.note or None,
            "tags": [],
            "email": order.email,
            "phone": order.address.get("phone"),
            "sourceName": "web",
            "sourceIdentifier": None,
            "paymentGatewayNames": [order.gateway],
            "discountCodes": [],
            "customAttributes": [],
            "taxLines": [],
            "subtotalLineItemsQuantity": sum(line.quantity for line in order.lines),
            "currentSubtotalLineItemsQuantity": sum(line.current() for line in order.lines),
            "customer": self._customer(order),
            "shippingAddress": self._address(order),
            "billingAddress": self._address(order),
            "shippingLine": self._shipping(order),
            "shippingLines": lambda args: connection(
                "ShippingLine", args, [order], lambda one: [one.id], self._shipping
            ),
            "lineItems": lambda args: connection(
                "LineItem", args, order.lines, lambda one: [one.id], lambda one: self.line(one, money)
            ),
            "fulfillmentOrders": lambda args: connection(
                "FulfillmentOrder", args, order.work, lambda one: [one.id], lambda one: self.work(order, one)
            ),
            "fulfillments": lambda args: [self.parcel(order, one) for one in order.fulfillments[: page_size(args)]],
            "refunds": lambda _: [],
        }

    def _customer(self, order: Order) -> Node:
        first, last = order.address.get("first_name", ""), order.address.get("last_name", "")
        return {
            "__typename": "Customer",
            "id": gid("Customer", order.customer_id),
            "legacyResourceId": str(order.customer_id),
            "firstName": first,
            "lastName": last,
            "displayName": f"{first} {last}".strip(),
            "email": order.email,
            "phone": order.address.get("phone"),
            "defaultEmailAddress": {"__typename": "CustomerEmailAddress", "emailAddress": order.email},
            "defaultPhoneNumber": {"__typename": "CustomerPhoneNumber", "phoneNumber": order.address.get("phone")},
        }

    def _address(self, order: Order) -> Node:
        sent = order.address
        first, last = sent.get("first_name", ""), sent.get("last_name", "")
        return {
            "__typename": "MailingAddress",
            "firstName": first,
            "lastName": last,
            "name": f"{first} {last}".strip(),
            "company": sent.get("company") or None,
            "phone": sent.get("phone"),
            "address1": sent.get("address1"),
            "address2": sent.get("address2") or None,
            "city": sent.get("city"),
            "province": sent.get("province") or None,
            "provinceCode": None,
            "zip": sent.get("zip") or None,
            "country": sent.get("country"),
            "countryCodeV2": sent.get("country_code"),
            "formatted": [value for key in ("address1", "address2", "city", "country") if (value := sent.get(key))],
        }

    def _shipping(self, order: Order) -> Node:
        price = bag(order.shipping_fee, order.currency)
        return {
            "__typename": "ShippingLine",
            "id": gid("ShippingLine", order.id + 1),
            "title": "Giao hàng",
            "code": "Giao hàng",
            "carrierIdentifier": None,
            "originalPriceSet": price,
            "discountedPriceSet": price,
        }

    def line(self, line: Line, currency: str) -> Node:
        """A line of an order; variant and product are null once they are gone."""
        found = self.market.variants.get(line.variant_id)
        unit, total = bag(line.price, currency), bag(line.price * line.quantity, currency)
        return {
            "__typename": "LineItem",
            "id": gid("LineItem", line.id),
            "title": line.title,
            "variantTitle": line.variant_title or None,
            "name": f"{line.title} - {line.variant_title}" if line.variant_title else line.title,
            "sku": line.sku,
            "vendor": self.shop.name,
            "quantity": line.quantity,
            "currentQuantity": line.current(),
            "unfulfilledQuantity": line.unsent(),
            "fulfillableQuantity": line.unsent(),
            "refundableQuantity": line.current(),
            "nonFulfillableQuantity": line.removed,
            "requiresShipping": True,
            "taxable": True,
            "isGiftCard": False,
            "originalUnitPriceSet": unit,
            "discountedUnitPriceSet": unit,
            "discountedUnitPriceAfterAllDiscountsSet": unit,
            "originalTotalSet": total,
            "discountedTotalSet": total,
            "totalDiscountSet": bag(0, currency),
            "discountAllocations": [],
            "taxLines": [],
            "customAttributes": [],
            "image": None,
            "variant": lambda _: self.variant(*found) if found else None,
            "product": lambda _: self.product(found[0]) if found else None,
        }

    # -- fulfilment

    def work(self, order: Order, work: FulfillmentOrder) -> Node:
        """A fulfilment order."""
        place = next(one for one in self.shop.places if one.id == work.place_id)
        actions = ["CREATE_FULFILLMENT", "MOVE", "HOLD"] if work.status in FULFILLABLE else []
        return {
            "__typename": "FulfillmentOrder",
            "id": gid("FulfillmentOrder", work.id),
            "status": work.status,
            "requestStatus": "UNSUBMITTED",
            "orderId": gid("Order", order.id),
            "orderName": order.name,
            "orderProcessedAt": moment(order.created_at),
            "channelId": None,
            "createdAt": moment(order.created_at),
            "updatedAt": moment(order.updated_at),
            "fulfillAt": moment(order.created_at),
            "fulfillBy": None,
            "supportedActions": [{"__typename": "FulfillmentOrderSupportedAction", "action": one} for one in actions],
            "fulfillmentHolds": [],
            "deliveryMethod": {"__typename": "DeliveryMethod", "methodType": "SHIPPING"},
            "destination": self._destination(order),
            "assignedLocation": {
                "__typename": "FulfillmentOrderAssignedLocation",
                "name": place.name,
                "location": lambda _: self.place(place),
            },
            "order": lambda _: self.order(order),
            "lineItems": lambda args: connection(
                "FulfillmentOrderLineItem",
                args,
                work.works,
                lambda one: [one.id],
                lambda one: self._work_line(order, one),
            ),
            "fulfillments": lambda args: connection(
                "Fulfillment",
                args,
                [one for one in order.fulfillments if one.place_id == work.place_id],
                lambda one: [one.id],
                lambda one: self.parcel(order, one),
            ),
        }

    def _destination(self, order: Order) -> Node:
        address = self._address(order)
        names = ("firstName", "lastName", "company", "phone", "address1", "address2", "city", "province", "zip")
        shown = {name: address[name] for name in names}
        return shown | {"__typename": "FulfillmentOrderDestination", "email": order.email, "countryCode": "VN"}

    def _work_line(self, order: Order, one: Work) -> Node:
        line = order.line(one.line_id)
        found = self.market.variants.get(line.variant_id)
        return {
            "__typename": "FulfillmentOrderLineItem",
            "id": gid("FulfillmentOrderLineItem", one.id),
            "totalQuantity": one.total,
            "remainingQuantity": one.left,
            "sku": line.sku,
            "productTitle": line.title,
            "variantTitle": line.variant_title or None,
            "requiresShipping": True,
            "inventoryItemId": gid("InventoryItem", found[1].item_id) if found else None,
            "variant": lambda _: self.variant(*found) if found else None,
            "lineItem": lambda _: self.line(line, order.currency),
        }

    def parcel(self, order: Order, parcel: Fulfillment) -> Node:
        """A fulfilment with its tracking."""
        tracking = {
            "__typename": "FulfillmentTrackingInfo",
            "company": parcel.company or None,
            "number": parcel.number or None,
            "url": parcel.url or None,
        }
        place = next(one for one in self.shop.places if one.id == parcel.place_id)

        def lines(args: Arguments) -> Node:
            return connection(
                "FulfillmentLineItem",
                args,
                parcel.lines,
                lambda one: [one[0]],
                lambda one: {
                    "__typename": "FulfillmentLineItem",
                    "id": gid("FulfillmentLineItem", parcel.id * 1000 + parcel.lines.index(one)),
                    "quantity": one[1],
                    "lineItem": lambda _: self.line(order.line(one[0]), order.currency),
                },
            )

        return {
            "__typename": "Fulfillment",
            "id": gid("Fulfillment", parcel.id),
            "legacyResourceId": str(parcel.id),
            "name": f"{order.name}.{order.fulfillments.index(parcel) + 1}",
            "status": parcel.status,
            "displayStatus": parcel.shown_status,
            "createdAt": moment(parcel.created_at),
            "updatedAt": moment(parcel.updated_at),
            "deliveredAt": moment(parcel.updated_at) if parcel.shown_status == "DELIVERED" else None,
            "inTransitAt": None,
            "estimatedDeliveryAt": None,
            "requiresShipping": True,
            "totalQuantity": sum(units for _, units in parcel.lines),
            "trackingInfo": lambda _: [tracking] if parcel.company or parcel.number or parcel.url else [],
            "location": lambda _: self.place(place),
            "order": lambda _: self.order(order),
            "fulfillmentLineItems": lines,
        }
