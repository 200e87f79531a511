"""What can go wrong, in kinds that tell a caller what to do next.

`MekongError` › `Rejected` (the caller's to mend: Invalid 422, NotFound 404, Forbidden 403, Conflict 409) ·
`Unavailable` (503, worth another try) · `RemoteRefused` (502, final). Anything else is a defect: uncaught, logged, 500.

A subclass sets `code` (stable, for programs) and `template` (English msgid of the sentence for people, translated by
gettext where it is shown); its keyword arguments fill the template and travel in the problem's `params`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class MekongError(Exception):
    code: ClassVar[str] = "error"
    template: ClassVar[str] = "Something went wrong."
    status: ClassVar[int] = 500

    def __init__(self, **params: Any) -> None:
        super().__init__(params)
        self.params: Mapping[str, Any] = params

    def message(self, template: str | None = None) -> str:
        """The sentence for people; pass a translated template to get it in another language."""
        return (template or self.template).format_map(_Blank(self.params))

    def __str__(self) -> str:
        return self.message()


class _Blank(dict[str, Any]):
    """A missing parameter reads as its own name, so that an error never hides behind a KeyError."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


class Rejected(MekongError):
    """The request cannot be done as asked; nothing was changed."""

    status = 400


class Invalid(Rejected):
    """A field is wrong. `field` names it as the caller wrote it (`lines[2].quantity`); the template says the remedy."""

    code = "invalid"
    template = "{field}: {problem}"
    status = 422

    def message(self, template: str | None = None) -> str:
        """`problem`, where there is one, is a template of its own and filled by the same parameters."""
        params = _Blank(self.params)
        if isinstance(problem := params.get("problem"), str):
            params["problem"] = problem.format_map(_Blank(self.params))
        return (template or self.template).format_map(params)


class NotFound(Rejected):
    code = "not_found"
    template = "{kind} {key} does not exist."
    status = 404


class Forbidden(Rejected):
    code = "forbidden"
    template = "This is not allowed."
    status = 403


class MayNot(Forbidden):
    code = "may_not"
    template = "This needs the permission “{permission}”. The owner or a manager can grant it."


class OutOfScope(Forbidden):
    code = "out_of_scope"
    template = "Location {location} is not among those you work at. The owner or a manager can add it."


class Conflict(Rejected):
    code = "conflict"
    template = "This clashes with what is already there."
    status = 409


class IdempotencyMismatch(Conflict):
    code = "idempotency_mismatch"
    template = "This Idempotency-Key was used for a different request. Use a new key."


class Unauthenticated(MekongError):
    code = "unauthenticated"
    template = "Sign in or send a valid token: Authorization: Bearer …"
    status = 401


class NoticeForged(MekongError):
    code = "notice_forged"
    template = "The signature of this notice is absent or wrong."
    status = 401


class Unavailable(MekongError):
    """Not now. The effect may or may not have happened: repeat with the same idempotency key."""

    code = "unavailable"
    template = "The service cannot answer right now. Try again in a moment."
    status = 503


class RateLimited(Unavailable):
    """`retry_after_s`: seconds to wait, when the remote says; absent otherwise."""

    code = "rate_limited"
    template = "Too many requests. Slow down and try again."
    status = 429


class NeedsRefresh(Unavailable):
    """A remote no longer takes the access token; a refresh mends it."""

    code = "needs_refresh"
    template = "The access token has expired and is being renewed."


class RemoteRefused(MekongError):
    """The remote said no, and will say no again. `remote_code`, `remote_message`: its own words."""

    code = "remote_refused"
    template = "{remote} refused: {remote_message} ({remote_code})"
    status = 502


class NeedsReconnect(RemoteRefused):
    code = "needs_reconnect"
    template = "{remote} no longer accepts this authorisation. Connect the shop again."


class BadCursor(Invalid):
    code = "bad_cursor"
    template = "This cursor is not one of ours. Send “next_cursor” of the page before, as it was."


class UnknownScope(Invalid):
    code = "staff.unknown_scope"
    template = "There is no permission “{scope}”. GET /api/v1/roles lists them."


class UnknownRole(Invalid):
    code = "staff.unknown_role"
    template = "There is no role “{role}”. GET /api/v1/roles lists them."


class RoleIsEverywhere(Invalid):
    code = "staff.role_is_everywhere"
    template = "The role “{role}” holds at every location and cannot be narrowed."


class WeakPassword(Invalid):
    """`problem`: the validator's own sentence, in the language of the request."""

    code = "staff.weak_password"
    template = "This password will not do: {problem}"


class EmailTaken(Conflict):
    code = "staff.email_taken"
    template = "{email} already belongs to someone who works here."


class LastOwner(Conflict):
    code = "staff.last_owner"
    template = "Someone must own the business. Make another person owner first."


class MayNotGrant(Forbidden):
    code = "staff.may_not_grant"
    template = "You cannot give or take “{permission}”, because you do not hold it there yourself."


class BadCredentials(MekongError):
    code = "bad_credentials"
    template = "The e-mail or the password is wrong."
    status = 401


class LockedOut(MekongError):
    """`minutes`: until the next try is taken."""

    code = "locked_out"
    template = "Too many wrong passwords. Wait {minutes} minutes, or ask the owner for a new one-time password."
    status = 429


class OutsideRules(Forbidden):
    code = "staff.outside_rules"
    template = "Your role does not open from this network or at this hour. The owner can change that under Security."


class SessionEnded(MekongError):
    """`reason`: idle, absolute, ended, password, roles, deactivated."""

    code = "session_ended"
    template = "This session has ended. Sign in again."
    status = 401


class ConfirmNeeded(Forbidden):
    """The act is sensitive and the proof of who one is has grown old."""

    code = "staff.confirm_needed"
    template = "Prove who you are once more first: sign in to the back office and confirm there."


class SecondFactorNeeded(Forbidden):
    """The person's role needs a second factor, and the time to set one up is over."""

    code = "staff.second_factor_needed"
    template = "Your role needs a second step at sign-in. Set one up in the back office under Account."


class SecondFactorStays(Conflict):
    code = "staff.second_factor_stays"
    template = "Your role needs a second step at sign-in. Add another one before this one goes."


class WrongCode(Invalid):
    code = "staff.wrong_code"
    template = "This code is wrong or was used already. Wait for the next one and type it."


class PasskeyRefused(Invalid):
    """`reason`: what the check found, for the log and for support."""

    code = "staff.passkey_refused"
    template = "This passkey was not accepted ({reason}). Try again, or use another way to sign in."


class PasskeyTaken(Conflict):
    code = "staff.passkey_taken"
    template = "This passkey is already registered."


class BadNetwork(Invalid):
    code = "staff.bad_network"
    template = "“{network}” is no network address. Write it like 203.0.113.0/24, one a line."


class BreakGlassNeeded(Conflict):
    code = "staff.break_glass_needed"
    template = (
        "One owner must stay free of every rule, so that nobody locks the company out. Choose an active owner first."
    )
