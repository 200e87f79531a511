"""Members: the list, joining, and all of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import segno
from django.conf import settings
from django.http import HttpResponse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext

from mekong.faces.backoffice import channel_book, sentences
from mekong.faces.backoffice import member_words as words
from mekong.faces.backoffice.fields import Errors, read_number, whole_number
from mekong.faces.backoffice.once import once
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation import audit
from mekong.foundation.errors import MekongError
from mekong.foundation.queries import names_of
from mekong.loyalty import commands, queries
from mekong.loyalty.contracts import Birthday, MemberView
from mekong.loyalty.errors import PointsInvalid

PER_PAGE = 50
OWN_CHANNEL = "store"


@page("loyalty.view")
def members(visit: Visit) -> HttpResponse:
    """Members, newest first, found by phone, card number or name."""
    q, tier = visit.param("q"), visit.param("tier")
    found = queries.list_members(
        actor=visit.actor, text=q[:120], tier=tier[:30], cursor=visit.param("cursor"), limit=PER_PAGE, now=visit.now
    )
    counts = queries.count_by_tier(actor=visit.actor)
    context = {
        "rows": found.items, "next_cursor": found.next_cursor, "q": q, "tier": tier, "counts": counts,
        "count": sum(counts.values()), "tiers": queries.get_programme(actor=visit.actor).tiers,
        "accounts": words.ACCOUNTS,
    }  # fmt: skip
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "list"
    return visit.render("members/list.html" if part else "members/index.html", context)


# --- joining ----------------------------------------------------------------------------------------------------------


@page("loyalty.enroll", methods=("GET", "HEAD", "POST"))
def join(visit: Visit) -> HttpResponse:
    """A phone, a name, a yes: Enter joins. A phone that is a member's opens that member."""
    form = {
        name: visit.posted(name, longest=300) for name in ("phone", "name", "email", "day", "month", "year", "place")
    }
    form["phone"] = form["phone"] or visit.param("phone")
    form["channel"] = visit.posted("channel", longest=40) or OWN_CHANNEL
    consented, errors = visit.posted("consent") == "yes", Errors()
    if visit.is_post:
        born = _birthday(form, errors)

        def work() -> str:
            joined = commands.join_member(
                actor=visit.actor, phone=form["phone"], name=form["name"], has_consented=consented,
                channel=form["channel"], place=form["place"], email=form["email"], birthday=born, now=visit.now,
            )  # fmt: skip
            said = (
                gettext("{number} has joined") if joined.is_new else gettext("{number} has this phone number already")
            )
            visit.flash(said.format(number=joined.member.number), tone="ok" if joined.is_new else "warn")
            return f"/members/{joined.member.id}/"

        if not errors:
            try:
                return once(visit, work)
            except MekongError as refused:
                errors.take(refused, {"has_consented": "consent"})
    marks = sorted(channel_book.marks([form["channel"]]).values(), key=lambda mark: mark.place)
    # The address for a footer or a poster is the web shop's, where there is one.
    join_at = "web" if any(mark.code == "web" for mark in marks) else form["channel"]
    context = {"form": form, "errors": errors, "consented": consented, "channels": marks, "join_at": join_at}
    return visit.render("members/join.html", context, status=422 if errors else 200)


def _birthday(form: Mapping[str, str], errors: Errors) -> Birthday | None:
    told = [whole_number(form[name]) if form[name] else None for name in ("day", "month", "year")]
    if not any(form[name] for name in ("day", "month", "year")):
        return None
    day, month, year = told
    if day is None or month is None or (form["year"] and year is None):
        errors.add("birthday", gettext("Day and month are needed; the year may stay empty."))
        return None
    return Birthday(day, month, year)


# --- one --------------------------------------------------------------------------------------------------------------


@page("loyalty.view")
def member(visit: Visit, uid: UUID) -> HttpResponse:
    """Points with their ends, the ledger, tier, card, shared account."""
    return show(visit, uid)


def show(visit: Visit, uid: UUID, *, status: int = 200, **more: Any) -> HttpResponse:
    """The page; `refused` says what was not done."""
    card = queries.get_card(actor=visit.actor, member_id=uid, now=visit.now)
    found = card.member
    entries = queries.list_entries(actor=visit.actor, member_id=uid, cursor=visit.param("cursor"), limit=PER_PAGE)
    programme = queries.get_programme(actor=visit.actor)
    tiers = {each.code: each for each in programme.tiers}
    actors = {each.actor for each in entries.items} | {each.actor for each in card.consents}
    reached = 0
    if card.progress.next and card.progress.next.threshold:
        reached = min(100, 100 * card.progress.figure // card.progress.next.threshold)
    link = f"{settings.MEKONG.base_url}/card/{found.card_token}/"
    into = (
        queries.get_member(actor=visit.actor, member_id=found.merged_into, now=visit.now) if found.merged_into else None
    )
    context = {
        "member": found, "card": card, "entries": entries.items, "next_cursor": entries.next_cursor, "tiers": tiers,
        "kinds": words.ENTRIES, "reasons": words.REASONS, "accounts": words.ACCOUNTS, "who": names_of(actors),
        "programme": programme, "reached": reached, "rest": 100 - reached, "link": link, "into": into,
        "next_end": next((each for each in card.lots if each.last_day), None), "marks": channel_book.marks(),
        "is_active": found.status == "active", "qr": _qr(link),
        "may_enroll": visit.actor.may("loyalty.enroll") and found.status == "active",
        "may_adjust": visit.actor.may("loyalty.adjust") and found.status == "active",
        "may_manage": visit.actor.may("loyalty.manage") and found.status == "active",
        "may_reveal": visit.actor.may("customers.reveal"), **more,
    }  # fmt: skip
    return visit.render("members/member.html", context, status=status)


def _qr(text: str) -> str:
    drawn = segno.make(text, error="m", micro=False).svg_inline(border=3, dark="#000", light="#fff", omitsize=True)
    return mark_safe(drawn)  # noqa: S308 - drawn by segno; the text is in it as modules alone


@page("customers.reveal", methods=("POST",))
def reveal(visit: Visit, uid: UUID) -> HttpResponse:
    """Phone, e-mail and birthday in full. That they were looked at is in the audit trail."""
    found = queries.get_member(actor=visit.actor, member_id=uid, now=visit.now)
    _book_read(visit, found)
    return show(visit, uid, is_revealed=True)


def _book_read(visit: Visit, found: MemberView) -> None:
    fields = ["phone", "email", "birthday"]
    audit.record_read(visit.actor, table="loyalty_member", row_id=found.id, fields=fields, now=visit.now)


@page("loyalty.enroll", methods=("GET", "HEAD", "POST"))
def edit(visit: Visit, uid: UUID) -> HttpResponse:
    """What is known of a member. Who may not see it leaves empty what stays."""
    found = queries.get_member(actor=visit.actor, member_id=uid, now=visit.now)
    reveals, errors, born = visit.actor.may("customers.reveal"), Errors(), found.birthday
    form = dict.fromkeys(("phone", "name", "email", "day", "month", "year"), "")
    if visit.is_post:
        form = {name: visit.posted(name, longest=300) for name in form}
        told = _birthday(form, errors)
        stays = {name: form[name] or (None if not reveals else form[name]) for name in ("phone", "name", "email")}
        if not errors:
            try:
                commands.update_member(
                    actor=visit.actor, member_id=uid, now=visit.now, birthday=told,
                    forget_birthday=reveals and told is None, **stays,
                )  # fmt: skip
            except MekongError as refused:
                errors.take(refused)
            else:
                visit.flash(gettext("Saved"))
                return visit.redirect(f"/members/{uid}/")
    elif reveals:
        _book_read(visit, found)
        form |= {"phone": found.phone, "name": found.name, "email": found.email}
        if born:
            form |= {"day": str(born.day), "month": str(born.month), "year": str(born.year or "")}
    context = {"member": found, "form": form, "errors": errors, "reveals": reveals}
    return visit.render("members/edit.html", context, status=422 if errors else 200)


@page("loyalty.view", methods=("POST",))
def act(visit: Visit, uid: UUID) -> HttpResponse:
    """Something done with a member; the command asks for the right."""
    work = _ACTS.get(visit.posted("act", longest=20))
    back = visit.posted("back", longest=60)
    if work is None:
        return visit.redirect(f"/members/{uid}/")

    def done() -> str:
        visit.flash(work(visit, uid))
        return f"/members/{UUID(back)}/" if _is_uuid(back) else f"/members/{uid}/"

    try:
        return once(visit, done)
    except MekongError as refused:
        if (
            refused.status in (403, 404)
            and refused.params.get("field") is None
            and refused.code != "loyalty.member_not_found"
        ):
            raise
        shown = UUID(back) if _is_uuid(back) else uid
        return show(visit, shown, status=refused.status, refused=sentences.of(refused))


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _number(visit: Visit, name: str, *, least: int = 0) -> int:
    """A number of the form. Raises: PointsInvalid."""
    errors = Errors()
    number = read_number(errors, name, visit.posted(name, longest=30), least=least, most=10**9)
    if errors:
        raise PointsInvalid(field=name, problem="A whole number belongs here, in digits.")
    return number


def _adjust(visit: Visit, uid: UUID) -> str:
    points = _number(visit, "points", least=-(10**9))
    changed = commands.adjust_points(
        actor=visit.actor, member_id=uid, points=points, note=visit.posted("note", longest=300), now=visit.now
    )
    return gettext("{number} now has {points} points").format(number=changed.number, points=changed.points)


def _groups(visit: Visit, uid: UUID) -> str:
    typed = visit.posted("groups", longest=900).replace(";", ",").split(",")
    changed = commands.set_groups(actor=visit.actor, member_id=uid, groups=typed, now=visit.now)
    if not changed.groups:
        return gettext("{number} is in no group now").format(number=changed.number)
    return gettext("{number} is now in {groups}").format(number=changed.number, groups=", ".join(changed.groups))


def _other(visit: Visit) -> MemberView:
    return queries.member_by(actor=visit.actor, key=visit.posted("key", longest=200), now=visit.now)


def _merge(visit: Visit, uid: UUID) -> str:
    made = commands.merge_members(actor=visit.actor, survivor_id=uid, merged_id=_other(visit).id, now=visit.now)
    said = gettext("{number} is part of this membership now, with {points} points")
    return said.format(number=made.merged_number, points=made.points)


def _undo(visit: Visit, uid: UUID) -> str:  # noqa: ARG001 - the form of every act
    merge = visit.posted("merge", longest=60)
    made = commands.undo_merge(
        actor=visit.actor, merge_id=UUID(merge) if _is_uuid(merge) else UUID(int=0), now=visit.now
    )
    return gettext("{number} is a membership of its own again").format(number=made.merged_number)


def _open(visit: Visit, uid: UUID) -> str:
    kind, name = visit.posted("kind", longest=20), visit.posted("name", longest=200)
    opened = commands.open_shared_account(actor=visit.actor, owner_id=uid, kind=kind, name=name, now=visit.now)
    return gettext("Others can share “{name}” now").format(name=opened.account_name)


def _share(visit: Visit, uid: UUID) -> str:
    limit = _number(visit, "limit") if visit.posted("limit") else None
    joined = commands.share_account(
        actor=visit.actor, owner_id=uid, member_id=_other(visit).id, monthly_limit=limit, now=visit.now
    )
    return gettext("{number} shares the account now").format(number=joined.number)


def _limit(visit: Visit, uid: UUID) -> str:
    limit = _number(visit, "limit") if visit.posted("limit") else None
    commands.set_monthly_limit(actor=visit.actor, member_id=uid, monthly_limit=limit, now=visit.now)
    return gettext("Saved")


def _own(visit: Visit, uid: UUID) -> str:
    return gettext("{number} owns the account now").format(
        number=commands.set_account_owner(actor=visit.actor, member_id=uid, now=visit.now).number
    )


def _leave(visit: Visit, uid: UUID) -> str:
    split = _number(visit, "points") if visit.posted("points") else 0
    left = commands.leave_account(actor=visit.actor, member_id=uid, split_points=split, now=visit.now)
    return gettext("{number} has an account of their own, with {points} points").format(
        number=left.number, points=left.points
    )


def _card(visit: Visit, uid: UUID) -> str:
    commands.change_card(actor=visit.actor, member_id=uid, now=visit.now)
    return gettext("The card has a new link; the old one opens nothing any more")


def _close(visit: Visit, uid: UUID) -> str:
    commands.close_member(actor=visit.actor, member_id=uid, now=visit.now)
    return gettext("The membership is closed, and the person forgotten")


_ACTS: Mapping[str, Callable[[Visit, UUID], str]] = {
    "adjust": _adjust, "merge": _merge, "undo": _undo, "open": _open, "share": _share, "limit": _limit, "own": _own,
    "leave": _leave, "card": _card, "close": _close, "groups": _groups,
}  # fmt: skip
