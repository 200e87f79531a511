"""A link that lets somebody choose their first password, or a new one: one use, three days.

It is signed with what it changes (Django's password reset tokens): once the password is chosen, by the link or by the
one-time password beside it, the link is dead.
"""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError

from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.errors import Invalid, NotFound, WeakPassword
from mekong.foundation.models import Person
from mekong.foundation.security import sessions

_LONGEST_PASSWORD = 1024


class LinkIsGone(NotFound):
    code = "staff.link_is_gone"
    template = "This link was used already or is older than three days. Ask the owner or a manager for a new one."


def link_of(person_id: UUID) -> str:
    """The path of a fresh link for somebody with a one-time password; "" for anyone else."""
    person = Person.objects.filter(uid=person_id, is_active=True, must_change_password=True).first()
    return f"/welcome/{person.uid.hex}/{default_token_generator.make_token(person)}/" if person else ""


def invited(*, person_id: UUID, token: str) -> Person:
    """Whom a link is for. Raises: LinkIsGone."""
    return _checked(Person.objects.filter(uid=person_id).first(), token)


def _checked(person: Person | None, token: str) -> Person:
    fits = person is not None and person.is_active and person.must_change_password
    if person is None or not fits or not default_token_generator.check_token(person, token):
        raise LinkIsGone
    return person


@command
def choose_password(*, actor: Actor, person_id: UUID, token: str, new: str) -> Person:
    """Take the link and set the password that was chosen. Of two at once, one finds the link used.

    Raises: LinkIsGone, WeakPassword, Invalid.
    """
    person = _checked(Person.objects.select_for_update().filter(uid=person_id).first(), token)
    if actor.ref != f"person:{person.pk}":
        raise LinkIsGone
    if len(new) > _LONGEST_PASSWORD:
        raise Invalid(field="new", problem="1 to {most} characters are needed.", most=_LONGEST_PASSWORD)
    try:
        validate_password(new, person)
    except ValidationError as wrong:
        raise WeakPassword(field="new", problem=" ".join(wrong.messages)) from wrong
    person.set_password(new)
    person.must_change_password = False
    person.save(update_fields=["password", "must_change_password"])
    sessions.end_all(person.pk, why="password")
    return person


def as_actor(person: Person) -> Actor:
    """Somebody who has proved who they are and is not signed in yet: they act for themselves, with no permission."""
    return Actor(kind="person", ref=f"person:{person.pk}", name=str(person), permissions=frozenset())
