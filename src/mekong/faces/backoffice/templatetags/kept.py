"""Parts of pages that are the same for everyone and every request: rendered once for all that they depend on."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token, token_kwargs
from django.template.context import Context
from django.utils.translation import get_language

register = template.Library()

MOST_KEPT = 200
"""Renderings that one place of a template remembers; the one unused for longest goes."""


class Kept(template.Node):
    """Knows nothing but the language and what it was given by name, so that its text can hold nobody else's data.

    It lives as long as the compiled template, which is as long as the process does.
    """

    def __init__(self, nodelist: NodeList, given: Mapping[str, FilterExpression]) -> None:
        self.nodelist = nodelist
        self._given = given
        self._known: OrderedDict[tuple[Hashable, ...], str] = OrderedDict()

    def render(self, context: Context) -> str:
        language = get_language() or "vi"
        values = {name: each.resolve(context) for name, each in self._given.items()}
        key = (language, *values.values())
        known = self._known.pop(key, None)
        if known is None:
            known = self.nodelist.render(context.new({**values, "language": language}))
            while len(self._known) >= MOST_KEPT:
                self._known.popitem(last=False)
        self._known[key] = known
        return known


@register.tag
def kept(parser: Parser, token: Token) -> Kept:
    """`{% kept room=room is_open=each.is_open %}…{% endkept %}`; everything given must be hashable."""
    bits = token.split_contents()[1:]
    given = token_kwargs(bits, parser)
    if bits:
        raise template.TemplateSyntaxError("kept takes names and values alone: name=value")
    nodelist = parser.parse(("endkept",))
    parser.delete_first_token()
    return Kept(nodelist, given)
