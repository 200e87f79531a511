"""Tables of the catalog. What must always hold is a constraint here; what is decided stands in `rules`.

Keys (`sku_key`, `Barcode.key`) are made by `rules`, in Python, so that "the same SKU" means the same thing under every
database locale; they are collated "C", which lets one unique index serve equality and prefix search.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Collate, Left

from mekong.foundation.ids import new_id


class ProductStatus(models.TextChoices):
    DRAFT = "draft"
    ACTIVE = "active"
    ARCHIVED = "archived"


class VariantStatus(models.TextChoices):
    ACTIVE = "active"
    ARCHIVED = "archived"


class AttributeKind(models.TextChoices):
    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    BOOL = "bool"


class BarcodeKind(models.TextChoices):
    GTIN = "gtin"
    INTERNAL = "internal"


class TaxClass(models.Model):
    """What a product is for value added tax. Its rate on a day stands in `TaxRate`."""

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    is_exempt = models.BooleanField(default=False, help_text="Not subject to VAT, as opposed to a rate of 0 %.")

    def __str__(self) -> str:
        return self.code


class TaxRate(models.Model):
    """The rate of a class from a day on, until the next row of that class. In basis points: 1000 is 10 %."""

    tax_class = models.ForeignKey(
        TaxClass, on_delete=models.CASCADE, to_field="code", db_column="tax_class", related_name="rates"
    )
    rate_bp = models.PositiveIntegerField()
    valid_from = models.DateField()
    source = models.CharField(max_length=200, blank=True, help_text="The law or decree that says so.")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tax_class", "valid_from"], name="tax_rate_once_per_day"),
            models.CheckConstraint(condition=Q(rate_bp__lte=10_000), name="tax_rate_at_most_100_percent"),
        ]

    def __str__(self) -> str:
        return f"{self.tax_class_id} {self.rate_bp} bp"


class Attribute(models.Model):
    """A described property of products: material, screen size, waterproof."""

    code = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=AttributeKind.choices)
    choices = models.JSONField(default=list, help_text="Allowed values, in order; for kind choice only.")
    unit = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(kind__in=AttributeKind.values), name="attribute_kind_known"),
            models.CheckConstraint(condition=Q(kind="choice") ^ Q(choices=[]), name="attribute_choices_if_choice"),
        ]

    def __str__(self) -> str:
        return self.code


class Category(models.Model):
    """A node of the product tree. Its attributes are what products in it are asked for."""

    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    name = models.CharField(max_length=120)
    code = models.CharField(max_length=60, unique=True)
    position = models.IntegerField(default=0)
    attributes = models.ManyToManyField(Attribute, through="CategoryAttribute", related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["parent", "name"], nulls_distinct=False, name="category_name_once_per_parent"
            ),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="category_not_its_own_parent"),
        ]

    def __str__(self) -> str:
        return self.name


class CategoryAttribute(models.Model):
    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="category_attributes")
    attribute = models.ForeignKey(Attribute, on_delete=models.PROTECT, related_name="+")
    is_required = models.BooleanField(default=False)
    position = models.IntegerField(default=0, db_default=0)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["category", "attribute"], name="attribute_once_per_category")
        ]

    def __str__(self) -> str:
        return f"{self.category_id}: {self.attribute_id}"


class Product(models.Model):
    """What shoppers know by one name; sold as its variants."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    code = models.CharField(max_length=64, db_collation="C")
    name = models.CharField(max_length=300)
    name_folded = models.CharField(max_length=600, db_collation="C")
    description = models.TextField(blank=True)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    brand = models.CharField(max_length=120, blank=True)
    status = models.CharField(max_length=10, choices=ProductStatus.choices, default=ProductStatus.ACTIVE)
    tax_class = models.ForeignKey(
        TaxClass, on_delete=models.PROTECT, to_field="code", db_column="tax_class", default="standard", related_name="+"
    )
    options = models.JSONField(default=list, help_text='Names of the options in order: ["Màu", "Size"].')
    attributes = models.JSONField(default=dict, help_text="Attribute code to value.")
    uom = models.CharField(max_length=20, default="cái", help_text="Unit in which its stock is counted.")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["code"], name="product_code_unique"),
            models.CheckConstraint(condition=Q(status__in=ProductStatus.values), name="product_status_known"),
            models.CheckConstraint(condition=~Q(name="") & ~Q(code=""), name="product_named"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["status", "-id"], name="product_by_status"),
            models.Index(fields=["name_folded", "id"], name="product_by_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Variant(models.Model):
    """What is sold, counted and priced: one choice of each option of its product."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="variants")
    sku = models.CharField(max_length=64, help_text="As typed, trimmed.")
    sku_key = models.CharField(max_length=128, db_collation="C", help_text="The SKU under which it is found: caseless.")
    title = models.CharField(max_length=300, blank=True, help_text='"Đỏ / M"; empty for the only variant.')
    option_values = models.JSONField(default=list, help_text="One value per option of the product, in its order.")
    price_minor = models.BigIntegerField(help_text="Retail price with tax, in minor units of `currency`.")
    currency = models.CharField(max_length=3, default="VND")
    cost_minor = models.BigIntegerField(null=True, blank=True)
    weight_g = models.PositiveIntegerField(null=True, blank=True)
    length_mm = models.PositiveIntegerField(null=True, blank=True)
    width_mm = models.PositiveIntegerField(null=True, blank=True)
    height_mm = models.PositiveIntegerField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=VariantStatus.choices, default=VariantStatus.ACTIVE)
    is_bundle = models.BooleanField(default=False)
    allow_backorder = models.BooleanField(default=False)
    tracks_lots = models.BooleanField(default=False)
    price_version = models.BigIntegerField(default=1, help_text="Goes up by one whenever the price changes.")
    position = models.IntegerField(default=0)
    popularity = models.IntegerField(default=0, help_text="Units sold of late; orders search results.")
    search_text = models.TextField(help_text="Folded words it is found by: product name first.")
    search_length = models.GeneratedField(
        expression=Func(F("search_text"), function="length"), output_field=models.IntegerField(), db_persist=True
    )
    search = models.GeneratedField(
        expression=Func(
            F("search_text"), template="array_to_tsvector(string_to_array(%(expressions)s, ' '))", function="none"
        ),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["sku_key"], name="variant_sku_unique"),
            # The target of BundlePart's two-column foreign keys, see there.
            models.UniqueConstraint(fields=["id", "is_bundle"], name="variant_id_is_bundle"),
            models.UniqueConstraint(
                fields=["product", "option_values"], condition=Q(status="active"), name="variant_options_once"
            ),
            models.CheckConstraint(condition=~Q(sku="") & ~Q(sku_key=""), name="variant_sku_not_blank"),
            models.CheckConstraint(condition=Q(sku=Func(F("sku"), function="btrim")), name="variant_sku_trimmed"),
            models.CheckConstraint(condition=Q(status__in=VariantStatus.values), name="variant_status_known"),
            models.CheckConstraint(condition=Q(price_minor__gte=0), name="variant_price_not_negative"),
            models.CheckConstraint(condition=Q(cost_minor__gte=0), name="variant_cost_not_negative"),
            models.CheckConstraint(condition=Q(price_version__gte=1), name="variant_price_version_from_1"),
            models.CheckConstraint(condition=Q(currency__regex="^[A-Z]{3}$"), name="variant_currency_code"),
            models.CheckConstraint(condition=~Q(is_bundle=True, tracks_lots=True), name="bundle_has_no_lots"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            GinIndex(fields=["search"], name="variant_search"),
            # The order in which a search that nearly everything matches walks the table, best first.
            models.Index(fields=["status", "-popularity", "search_length", "id"], name="variant_best_first"),
            # Names that begin with what was typed.
            models.Index(Collate(Left("search_text", 100), "C"), name="variant_by_beginning"),
        ]

    def __str__(self) -> str:
        return self.sku


class GridLayout(models.Model):
    """Which columns of the table of variants somebody looks at, in order."""

    owner = models.CharField(max_length=80, unique=True)
    columns = models.JSONField(default=list)
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.owner


class Pack(models.Model):
    """A larger unit of a variant: one thùng is `factor` of the product's unit, exactly."""

    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="packs")
    name = models.CharField(max_length=20)
    factor = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["variant", "name"], name="pack_name_once_per_variant"),
            models.CheckConstraint(condition=Q(factor__gt=1), name="pack_factor_above_1"),
            models.CheckConstraint(condition=~Q(name=""), name="pack_named"),
        ]

    def __str__(self) -> str:
        return f"{self.name} = {self.factor}"


class Barcode(models.Model):
    """A scannable code of a variant, or of one of its packs."""

    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="barcodes")
    pack = models.OneToOneField(Pack, on_delete=models.CASCADE, null=True, blank=True, related_name="barcode")
    code = models.CharField(max_length=64, db_collation="C", help_text="As printed.")
    key = models.CharField(
        max_length=128,
        db_collation="C",
        help_text="GTINs as 14 digits (UPC and EAN of one article meet), else caseless.",
    )
    kind = models.CharField(max_length=10, choices=BarcodeKind.choices)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["key"], name="barcode_unique"),
            models.CheckConstraint(condition=Q(kind__in=BarcodeKind.values), name="barcode_kind_known"),
            models.CheckConstraint(condition=~Q(code="") & ~Q(key=""), name="barcode_not_blank"),
            models.CheckConstraint(
                condition=~Q(kind="gtin") | Q(code__regex="^([0-9]{8}|[0-9]{12,14})$"), name="barcode_gtin_digits"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["code"], name="barcode_by_code")]

    def __str__(self) -> str:
        return self.code


class BundlePart(models.Model):
    """So many of `part` are in one `bundle`.

    A bundle holds no bundles: the flags repeat `Variant.is_bundle` and are bound to it by two-column foreign keys
    (migration 0001), so no order of concurrent writes can get around it.
    """

    bundle = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="parts")
    part = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    position = models.IntegerField(default=0)
    bundle_flag = models.BooleanField(default=True, db_default=True, editable=False)
    part_flag = models.BooleanField(default=False, db_default=False, editable=False)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["bundle", "part"], name="part_once_per_bundle"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="bundle_quantity_positive"),
            models.CheckConstraint(condition=Q(bundle_flag=True, part_flag=False), name="bundle_of_no_bundles"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.part_id}"


class Media(models.Model):
    """A picture of a product or of one variant. Files live under MEDIA_ROOT, named by the hash of what was uploaded."""

    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    product = models.ForeignKey(Product, on_delete=models.CASCADE, null=True, blank=True, related_name="media")
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, null=True, blank=True, related_name="media")
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=200, help_text="Relative to MEDIA_ROOT.")
    thumbnail = models.CharField(
        max_length=200, help_text="WebP, 96 px at its longer side; the same at 320 px beside it."
    )
    thumbnail_large = models.CharField(max_length=200)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    alt_text = models.CharField(max_length=300, blank=True)
    position = models.IntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(product__isnull=False) ^ Q(variant__isnull=False), name="media_of_product_or_variant"
            ),
            models.UniqueConstraint(
                fields=["product", "variant", "sha256"], nulls_distinct=False, name="media_once_per_owner"
            ),
        ]
        verbose_name_plural = "media"

    def __str__(self) -> str:
        return self.path


class RemovedMedia(models.Model):
    """A picture that was taken away, kept a month so that it can be put back as it was. `uid`: what it had in `Media`."""

    uid = models.UUIDField(unique=True, editable=False)
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+")
    picture = models.JSONField(encoder=DjangoJSONEncoder, help_text="Its columns in `Media`, by name.")
    removed_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name_plural = "removed media"

    def __str__(self) -> str:
        return str(self.uid)


class Lexeme(models.Model):
    """A word that occurs in search texts, and in about how many: to plan searches and mend typing errors.

    Every word of a search text is here; a word may stay after its last text has gone. `refresh_lexemes` counts anew.
    """

    word = models.CharField(max_length=300, primary_key=True, db_collation="C")
    count = models.IntegerField(default=1)

    def __str__(self) -> str:
        return self.word
