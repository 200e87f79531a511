from checks import catalogues


def test_vietnamese_has_every_sentence_of_the_pages_and_its_mo_is_of_its_po() -> None:
    assert catalogues.findings() == []


def test_messages_are_found_in_python_and_in_templates() -> None:
    python = 'from x import gettext as _\nngettext("{n} order", "{n} orders", n)\n_("Save")\npgettext("goods", "In")'
    assert set(catalogues.of_python(python)) == {
        catalogues.Message("{n} order", "{n} orders"),
        catalogues.Message("Save"),
        catalogues.Message("In", context="goods"),
    }
    template = (
        '{% load i18n %}{% translate "Save" %}'
        "{% blocktranslate count n=n %}{{ n }} row{% plural %}{{ n }} rows{% endblocktranslate %}"
    )
    assert set(catalogues.of_template(template)) == {
        catalogues.Message("Save"),
        catalogues.Message("%(n)s row", "%(n)s rows"),
    }
