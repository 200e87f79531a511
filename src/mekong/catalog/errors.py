"""What the catalog refuses. `field` is the place as the caller wrote it (`variants[2].sku`)."""

from __future__ import annotations

from mekong.foundation.errors import Conflict, Invalid, NotFound


class Missing(Invalid):
    code = "catalog.missing"
    template = "{field} is empty. Fill it in."


class TooLong(Invalid):
    """`length`, `limit`: in characters."""

    code = "catalog.too_long"
    template = "{field} has {length} characters; the limit is {limit}. Shorten it."


class UnstorableText(Invalid):
    code = "catalog.unstorable_text"
    template = "{field} holds control characters. Remove them and type the text again."


class NotANumber(Invalid):
    code = "catalog.not_a_number"
    template = "{field}: “{value}” is not a number. Write it in digits, for example 1.234.567."


class NotWhole(Invalid):
    code = "catalog.not_whole"
    template = "{field}: “{value}” is not a whole number. Leave out the fraction."


class OutOfRange(Invalid):
    """`least`, `most`: inclusive."""

    code = "catalog.out_of_range"
    template = "{field}: {value} is out of range. Give a number from {least} to {most}."


class BadMoney(Invalid):
    code = "catalog.bad_money"
    template = "{field}: “{value}” is not an amount in {currency}. {currency} has {digits} decimals; round it to that."


class BadCurrency(Invalid):
    code = "catalog.bad_currency"
    template = "{field}: “{value}” is not a currency code. Use three capital letters, such as VND."


class BadChoice(Invalid):
    """`allowed`: the values to choose from, joined for people."""

    code = "catalog.bad_choice"
    template = "{field}: “{value}” is not one of: {allowed}. Choose one of these."


class CellMoved(Conflict):
    """`current`: what stands there by now, as `CellEdited` tells it."""

    code = "catalog.cell_moved"
    template = "{field}: somebody changed this in the meantime. Look at the new value, then type it again if need be."


class TooManyColumns(Invalid):
    code = "catalog.too_many_columns"
    template = "{field}: at most {limit} columns of up to 60 characters each. Leave some out."


class BadBarcode(Invalid):
    """A GTIN whose check digit does not fit. `expected`: the digit that would."""

    code = "catalog.bad_barcode"
    template = (
        "{field}: barcode {value} is mistyped: its last digit should be {expected}. Scan it again, or correct it."
    )


class BarcodeNotOfKind(Invalid):
    code = "catalog.barcode_not_of_kind"
    template = "{field}: {value} is not a GTIN. A GTIN has 8, 12, 13 or 14 digits; use kind “internal” for other codes."


class PackBarcodeOfUnit(Invalid):
    code = "catalog.pack_barcode_of_unit"
    template = "{field}: pack “{value}” does not exist for this product variant. Add the pack first."


class DuplicateSku(Conflict):
    """SKUs are compared without regard to case."""

    code = "catalog.duplicate_sku"
    template = "{field}: SKU {sku} is already in use. Choose another SKU, or edit the product that has it."


class RepeatedValue(Invalid):
    """The same SKU, barcode, pack or part stands twice in one request. `first`: where it stood first."""

    code = "catalog.repeated_value"
    template = "{field}: “{value}” is already given at {first}. Remove one of the two."


class DuplicateBarcode(Conflict):
    code = "catalog.duplicate_barcode"
    template = "{field}: barcode {barcode} already belongs to SKU {sku}. Remove it there first, or correct it here."


class DuplicateCode(Conflict):
    """A product, category or attribute code."""

    code = "catalog.duplicate_code"
    template = "{field}: code {value} is already in use. Choose another code."


class DuplicateOptions(Invalid):
    code = "catalog.duplicate_options"
    template = (
        "{field}: two variants of one product have the same options ({value}). Change the options of one of them."
    )


class OptionsMismatch(Invalid):
    """`expected`: option names of the product, joined for people; `count` of them."""

    code = "catalog.options_mismatch"
    template = "{field}: the product has {count} options ({expected}), and a variant gives one value for each of them."


class NoVariants(Invalid):
    code = "catalog.no_variants"
    template = "{field}: a product needs at least one variant with a SKU. Add one."


class BundleOfBundles(Invalid):
    code = "catalog.bundle_of_bundles"
    template = "{field}: {sku} is itself a bundle. List its parts instead."


class BundleWithoutParts(Invalid):
    code = "catalog.bundle_without_parts"
    template = "{field}: a bundle needs at least one part. Add a part, or make it an ordinary product."


class BundleWithLots(Invalid):
    code = "catalog.bundle_with_lots"
    template = "{field}: a bundle has no stock of its own and cannot track lots. Track lots on its parts."


class BundleStillStocked(Invalid):
    """What becomes a bundle would leave its own units unreachable. `units`: on hand or held, all places together."""

    code = "catalog.bundle_still_stocked"
    template = "{field}: {sku} still has {units} of its own in stock. Take them out first, then make it a bundle."


class PartInUse(Conflict):
    """`bundles`: SKUs of the bundles that hold it."""

    code = "catalog.part_in_use"
    template = "{field}: {sku} is a part of the bundles {bundles}. Change these bundles first."


class AttributeMissing(Invalid):
    code = "catalog.attribute_missing"
    template = "{field}: products of category {category} need this attribute. Fill it in."


class BadImage(Invalid):
    code = "catalog.bad_image"
    template = "{field}: this is not a picture that can be read. Upload a JPEG, PNG, WebP or GIF file."


class ImageTooLarge(Invalid):
    """`megabytes`, `megapixels`: the limits."""

    code = "catalog.image_too_large"
    template = (
        "{field}: the picture is too large. The limit is {megabytes} MB and {megapixels} megapixels; make it smaller."
    )


class TooManyPictures(Invalid):
    code = "catalog.too_many_pictures"
    template = "{field}: a product has at most {limit} pictures. Take one away first."


class PictureNotFound(NotFound):
    code = "catalog.picture_not_found"
    template = "This picture does not exist any more. Upload it again."


class CategoryNameTaken(Conflict):
    """A category of the same name stands at the same place. `parent`: "" at the top."""

    code = "catalog.category_name_taken"
    template = "{field}: a category “{name}” is already there. Choose another name or place, or merge the two."


class CategoryNotEmpty(Conflict):
    """`products`, `below`: how many products and categories stand in it."""

    code = "catalog.category_not_empty"
    template = (
        "{field}: category {name} still has {products} products and {below} categories below it. "
        "Choose a category that takes them."
    )


class ChoiceInUse(Conflict):
    """`products`: how many have this value."""

    code = "catalog.choice_in_use"
    template = "{field}: “{value}” is the value of {products} products. Change these first, or keep the value."


class NoNumbersLeft(Conflict):
    """Every in-store number is taken."""

    code = "catalog.no_numbers_left"
    template = "All in-store barcodes are used up. Give these variants codes of their own."


class CategoryLoop(Invalid):
    code = "catalog.category_loop"
    template = "{field}: a category cannot stand below itself. Choose another parent."


class ProductNotFound(NotFound):
    code = "catalog.product_not_found"
    template = "Product {key} does not exist. Check the SKU or id."


class VariantNotFound(NotFound):
    code = "catalog.variant_not_found"
    template = "{field}: SKU {key} does not exist. Check it, or create the product first."


class CategoryNotFound(NotFound):
    code = "catalog.category_not_found"
    template = "{field}: category {key} does not exist. Create it first, or choose another."


class TaxClassNotFound(NotFound):
    code = "catalog.tax_class_not_found"
    template = "{field}: tax class {key} does not exist. Use one of: {allowed}."


class AttributeNotFound(NotFound):
    code = "catalog.attribute_not_found"
    template = "{field}: attribute {key} does not exist. Create it first, or leave it out."


class BarcodeNotFound(NotFound):
    code = "catalog.barcode_not_found"
    template = "Barcode {key} does not exist. Check the digits."


class UnreadableFile(Invalid):
    """`reason` is the reader's own words, for support."""

    code = "catalog.unreadable_file"
    template = "{field} is not an Excel or CSV file that can be read. Save it as .xlsx or as “CSV UTF-8” and try again."


class WrongEncoding(Invalid):
    """`line`: the first line that is not UTF-8; `encoding`: what it seems to be, such as windows-1258."""

    code = "catalog.wrong_encoding"
    template = (
        "{field} is not UTF-8: see line {line} (it looks like {encoding}). "
        "In Excel choose Save As › “CSV UTF-8 (Comma delimited)”, or save it as .xlsx."
    )


class FileTooLarge(Invalid):
    """`limit`: with its unit."""

    code = "catalog.file_too_large"
    template = "{field} is too large: the limit is {limit}. Split it into several files."


class NoHeader(Invalid):
    code = "catalog.no_header"
    template = "{field} has no column “{missing}” in its first row. Start from an exported file, which has all columns."


class BadPair(Invalid):
    """A cell that holds a list in which one item is not written as it should be."""

    code = "catalog.bad_pair"
    template = "{field}: “{value}” is not understood. Write it like this: {example}"


class DiffersFromFirst(Invalid):
    """Rows of one product disagree. `first`: the cell that said it first."""

    code = "catalog.differs_from_first"
    template = "{field}: “{value}” differs from cell {first}, a row of the same product. Make the two equal."


class SkuOfOtherProduct(Invalid):
    code = "catalog.sku_of_other_product"
    template = "{field}: this SKU belongs to product {product}. Give that product code, or leave the cell empty."
