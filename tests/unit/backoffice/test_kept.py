"""Parts of pages that are rendered once for all they depend on."""

from __future__ import annotations

import pytest
from django.template import Context, Engine, TemplateSyntaxError
from django.utils import translation

from mekong.faces.backoffice.templatetags import kept

ENGINE = Engine(
    libraries={"kept": "mekong.faces.backoffice.templatetags.kept", "i18n": "django.templatetags.i18n"},
)


def rendered(text: str, **context: object) -> str:
    return ENGINE.from_string("{% load kept i18n %}" + text).render(Context(context))


def test_a_part_knows_what_it_is_given_and_nothing_else() -> None:
    assert (
        rendered("{% kept a=name %}[{{ a }}{{ name }}{{ csrf_token }}]{% endkept %}", name="Lan", csrf_token="x")
        == "[Lan]"
    )
    assert rendered("{% kept a=name %}{{ a }}{% endkept %}{{ a }}", name="<b>") == "&lt;b&gt;"


def test_each_value_and_each_language_has_its_own_rendering() -> None:
    page = ENGINE.from_string(
        "{% load kept i18n %}{% kept who=who %}{{ who }} {{ language }} {% translate 'Orders' %}{% endkept %}"
    )
    for _ in range(2):
        for language, word in (("vi", "Đơn hàng"), ("en", "Orders")):
            with translation.override(language):
                for who in ("owner", "seller"):
                    assert page.render(Context({"who": who})) == f"{who} {language} {word}"


def test_a_part_is_rendered_once_for_the_same_values() -> None:
    times = []

    class Counted(tuple[int, ...]):
        __slots__ = ()

        def __str__(self) -> str:
            times.append(1)
            return "x"

    page = ENGINE.from_string("{% load kept %}{% kept a=a %}{{ a }}{% endkept %}")
    first = page.render(Context({"a": Counted((1,))}))
    assert [page.render(Context({"a": Counted((1,))})) for _ in range(3)] == [first] * 3
    assert len(times) == 1
    page.render(Context({"a": Counted((2,))}))
    assert len(times) == 2


def test_what_was_not_used_for_longest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_KEPT", 2)
    page = ENGINE.from_string("{% load kept %}{% kept a=a %}{{ a }}{% endkept %}")
    [node] = page.nodelist.get_nodes_by_type(kept.Kept)
    assert isinstance(node, kept.Kept)
    for value in (1, 2, 1, 3):
        page.render(Context({"a": value}))
    assert [key[1] for key in node._known] == [1, 3]


def test_a_value_without_a_name_is_refused() -> None:
    with pytest.raises(TemplateSyntaxError, match="name=value"):
        rendered("{% kept who %}{% endkept %}")
