"""What the OpenAPI document promises, held against what is answered to examples of every kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, settings
from schemathesis.checks import CHECKS
from schemathesis.generation.hypothesis.builder import (
    HypothesisTestConfig,
    HypothesisTestMode,
    InvalidHeadersExampleMark,
    InvalidRegexMark,
    MissingPathParameters,
    NonSerializableMark,
    UnsatisfiableExampleMark,
    UnserializablePayloadMark,
    create_test,
)
from schemathesis.schemas import APIOperation

_PROMISES = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "ignored_auth",
)
_FORMS_CANNOT = ("negative_data_rejection",)
"""In a form everything is text: the number 0 comes as what is also a way to say false."""

_LACKING = (
    InvalidHeadersExampleMark, InvalidRegexMark, MissingPathParameters, NonSerializableMark, UnsatisfiableExampleMark,
    UnserializablePayloadMark,
)  # fmt: skip
"""Left on a test for which some examples could not be made."""


def operations_of(schema: Any) -> dict[str, APIOperation]:
    """Each operation by its method and path, which names the test that tries it.

    The tests that schemathesis itself would make have all one name, and of those a run on several processes tries one.
    """
    return {each.ok().label: each.ok() for each in schema.get_all_operations()}


def promises_of(operation: APIOperation) -> list[Any]:
    """The checks that this operation's answers must pass."""
    is_form = any(each.media_type == "multipart/form-data" for each in operation.body)
    return [CHECKS.get_one(name) for name in _PROMISES if not is_form or name not in _FORMS_CANNOT]


def try_out(
    schema: Any, operation: APIOperation, answered: Callable[[schemathesis.Case], None], *, max_examples: int
) -> None:
    """Call `answered` with every edge of the operation's parameters, and with examples drawn at random.

    They are thought out here and not at collection, where every process of a run would think out those of all.
    """
    drawn = settings(
        max_examples=max_examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    made = HypothesisTestConfig(project=schema.config, modes=list(HypothesisTestMode), explicit_settings=drawn)
    tried = create_test(operation=operation, test_func=lambda case: answered(case), config=made)
    for lacking in _LACKING:
        assert not lacking.is_set(tried), lacking
    tried()
