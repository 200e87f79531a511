"""Work on many orders at once: each for itself, so that what cannot be done leaves the rest done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.utils.translation import gettext, ngettext

from mekong.channels import remote
from mekong.faces.backoffice import paper, presence, sentences, words
from mekong.faces.backoffice.presence import On
from mekong.faces.backoffice.templatetags.mekong import clock, num
from mekong.faces.backoffice.views.orders import MOST_AT_ONCE
from mekong.faces.backoffice.visit import Visit, page, safe_next
from mekong.faces.printing.joining import joined
from mekong.foundation.errors import MekongError
from mekong.foundation.queries import names_of
from mekong.orders import commands, queries
from mekong.orders.contracts import OrderView


@dataclass(frozen=True)
class Failure:
    """An order that a bulk action could not take along."""

    code: str
    why: str


@dataclass(frozen=True)
class Act:
    """`reaches`: the state after it, and the kind of the timeline's entry."""

    permission: str
    reaches: str
    do: Callable[[Visit, str], OrderView]


ACTS: Mapping[str, Act] = {
    "confirm": Act(
        "orders.confirm", "confirmed",
        lambda visit, code: commands.confirm_order(actor=visit.actor, code=code, now=visit.now),
    ),
    "pack": Act(
        "orders.ship", "packed",
        lambda visit, code: commands.move_order(actor=visit.actor, code=code, to="packed", now=visit.now),
    ),
    "ship": Act(
        "orders.ship", "shipped",
        lambda visit, code: commands.ship_order(actor=visit.actor, code=code, now=visit.now),
    ),
    "cancel": Act(
        "orders.cancel", "cancelled",
        lambda visit, code: commands.cancel_order(
            actor=visit.actor, code=code, reason=cancel_reason(visit), now=visit.now
        ),
    ),
}  # fmt: skip


@page("orders.view", methods=("POST",))
def bulk(visit: Visit) -> HttpResponse:
    """One action on the selected orders, each in a transaction of its own. Others who are on them are told of first."""
    act = ACTS.get(visit.posted("act"))
    back = safe_next(visit.request, visit.posted("back", longest=2000), "/orders/")
    codes = picked(visit)
    if act is None or not codes:
        visit.flash(gettext("Select orders first."), tone="bad")
        return visit.redirect(back)
    visit.actor.require(act.permission)
    on = presence.people_on(visit, codes)
    if on and not visit.posted("sure"):
        return _ask(visit, codes, on, back)
    failed, already, done = _each(visit, act, codes)
    said = _said(visit.posted("act"), done)
    if not failed and not already:
        visit.flash(said)
        return visit.redirect(back)
    context = {"failed": failed, "already": already, "said": said, "back": back}
    return visit.render("orders/bulk.html", context, status=207)


def picked(visit: Visit) -> list[str]:
    """Codes of the selection, each once, as many as may be worked on at once."""
    return list(dict.fromkeys(code[:40] for code in visit.request.POST.getlist("pick") if code))[:MOST_AT_ONCE]


def _each(visit: Visit, act: Act, codes: Sequence[str]) -> tuple[list[Failure], list[Failure], int]:
    """Those refused, those that somebody had done before, and how many were done now."""
    failed, before, done = [], [], 0
    for code in codes:
        try:
            order = act.do(visit, code)
        except MekongError as refused:
            failed.append(Failure(code, sentences.of(refused)))
            continue
        last = next((entry for entry in reversed(order.timeline) if entry.kind == act.reaches), None)
        if last is None or (last.actor == visit.actor.ref and last.at == visit.now):
            done += 1
        else:
            before.append((order.code, last))
    names = names_of(entry.actor for _code, entry in before)
    already = [
        Failure(
            code,
            gettext("Done already, by {name} at {at}.").format(
                name=names.get(entry.actor, entry.actor), at=clock(entry.at)
            ),
        )
        for code, entry in before
    ]
    return failed, already, done


def _ask(visit: Visit, codes: Sequence[str], on: Mapping[str, Sequence[On]], back: str) -> HttpResponse:
    kept = [(name, visit.posted(name)) for name in ("act", "reason", "reason_text", "back") if visit.posted(name)]
    context = {
        "codes": codes,
        "on": on,
        "free": [code for code in codes if code not in on],
        "kept": kept,
        "back": back,
    }
    return visit.render("orders/bulk_ask.html", context, status=409)


def _said(act: str, done: int) -> str:
    if act == "confirm":
        text = ngettext("{n} order confirmed", "{n} orders confirmed", done)
    elif act == "pack":
        text = ngettext("{n} order packed", "{n} orders packed", done)
    elif act == "ship":
        text = ngettext("{n} order handed over", "{n} orders handed over", done)
    else:
        text = ngettext(
            "{n} order cancelled, its goods are free again", "{n} orders cancelled, their goods are free again", done
        )
    return text.format(n=num(done))


def cancel_reason(visit: Visit) -> str:
    chosen = visit.posted("reason", longest=40)
    typed = visit.posted("reason_text", longest=160)
    word = str(words.CANCEL_REASONS.get(chosen, words.CANCEL_REASONS["other"]))
    return f"{word}: {typed}" if typed else word


@page("orders.ship", methods=("POST",))
def print_many(visit: Visit) -> HttpResponse:
    """The selected orders on paper, as one PDF. A paper that was printed before says so."""
    if visit.posted("paper") == "platform":
        return _platform_labels(visit)
    kind, size = paper.KINDS.get(visit.posted("paper"), paper.KINDS["delivery-a5"])
    printed = commands.print_orders(
        actor=visit.actor, codes=picked(visit), paper=kind, key=visit.posted("once", longest=64), now=visit.now
    )
    document = paper.document(visit.actor, printed, kind=kind, size=size, now=visit.now)
    name = f"{kind.replace('_', '-')}-{printed[0].order.code}.pdf"
    return HttpResponse(
        document, content_type="application/pdf", headers={"Content-Disposition": f'inline; filename="{name}"'}
    )


def _platform_labels(visit: Visit) -> HttpResponse:
    """The platforms' own labels as one document. When some are not to be had, why, and the way to print the others."""
    codes = picked(visit)
    orders = {code: queries.get_order(actor=visit.actor, code=code) for code in codes}
    wanted = [(order.channel, order.external_id) for order in orders.values()]
    answers = dict(zip(codes, remote.fetch_many_labels(actor=visit.actor, wanted=wanted), strict=True))
    failed = [Failure(code, sentences.of(each.refused)) for code, each in answers.items() if each.refused is not None]
    if failed or not codes:
        ready = [code for code, each in answers.items() if each.refused is None]
        context = {"failed": failed, "ready": ready, "once_token": visit.posted("once", longest=64)}
        return visit.render("orders/no_labels.html", context, status=409)
    commands.print_orders(
        actor=visit.actor, codes=codes, paper="platform_label", key=visit.posted("once", longest=64), now=visit.now
    )
    papers = [(code, label.media_type, label.content) for code, each in answers.items() for label in each.labels]
    document, media_type = joined(papers)
    # A platform's web page is never opened as one of ours: whatever is no PDF is saved as a file.
    how, ending = ("inline", "pdf") if media_type == "application/pdf" else ("attachment", "zip")
    return HttpResponse(
        document,
        content_type=media_type,
        headers={"Content-Disposition": f'{how}; filename="labels-{codes[0]}.{ending}"'},
    )
