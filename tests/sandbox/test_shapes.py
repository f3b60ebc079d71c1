"""What the sandbox answers has the shape that Binance's own OpenAPI file gives it, but for what is named here."""

import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from sandbox.client import EMAIL, NOW_MS, ask, content, desk

from keylint.sandbox.answers import Request, answer
from keylint.sandbox.credentials import api_key
from keylint.sandbox.endpoints import ENDPOINTS

yaml = import_module("yaml")

OPENAPI = Path(__file__).with_name("openapi.yaml")
PARAMETERS: Mapping[str, dict[str, object]] = {
    "/sapi/v1/sub-account/list": {"limit": 200},
    "/sapi/v1/sub-account/subAccountApi": {"email": EMAIL},
    "/sapi/v1/sub-account/subAccountApi/ipRestriction": {"email": EMAIL, "subAccountApiKey": api_key("grid-1")},
}

# Fields that came after October 2024, in the models of Binance's Python connector (binance-sdk-wallet 13.7.0 and
# binance-sdk-sub-account 8.4.0, 2026).
NEWER = {
    "/sapi/v1/account/apiRestrictions": {"enableFixApiTrade", "enableFixReadOnly"},
    "/sapi/v1/account/info": {"isOptionsEnabled", "isPortfolioMarginRetailEnabled"},
    "/sapi/v1/capital/withdraw/history": {"walletType", "txKey", "completeTime"},
    "/sapi/v1/sub-account/list": {"subUserId", "remark"},
}
# Fields that the state file adds: Binance may show a permission that nothing documents.
UNDOCUMENTED = {"/sapi/v1/account/apiRestrictions": {"enablePredictionTrading"}}
# Fields that the file calls required and that need not be there.
NOT_ALWAYS = {
    # Its own Chinese documentation: "not returned if there is none"; the connector has it no more.
    "/sapi/v1/account/apiRestrictions": {"tradingAuthorityExpirationTime"},
    # The connector's model has it no more, nor has the example in its documentation.
    "/sapi/v1/account/apiTradingStatus": {"indicators"},
    # The file itself: "will not be returned if there's no withdrawOrderId for this withdraw".
    "/sapi/v1/capital/withdraw/history": {"withdrawOrderId"},
}
# Not in the file: tests/sandbox/test_connector.py holds these to the connector's models.
ELSEWHERE = {
    "/api/v3/openOrders",
    "/fapi/v1/openOrders",
    "/fapi/v1/time",
    "/fapi/v3/account",
    "/sapi/v1/sub-account/subAccountApi",
}


@pytest.fixture(scope="module")
def openapi() -> Any:
    return yaml.safe_load(OPENAPI.read_text(encoding="utf-8"))


def schema_of(openapi: Any, path: str, status: str) -> Any:
    """The schema of an answer, as JSON Schema: OpenAPI 3.0 differs in nothing that this file uses."""
    found = openapi["paths"][path]["get"]["responses"][status]["content"]["application/json"]["schema"]
    return {**found, "components": openapi["components"]}


def without(schema: Any, fields: set[str]) -> Any:
    """A schema that requires none of `fields`."""
    if isinstance(schema, list):
        return [without(each, fields) for each in schema]
    if not isinstance(schema, dict):
        return schema
    loose = {name: without(each, fields) for name, each in schema.items()}
    if isinstance(loose.get("required"), list):
        loose["required"] = [name for name in loose["required"] if name not in fields]
    return loose


def unknown_fields(schema: Any, value: Any, root: Any) -> Iterator[str]:
    """The fields of `value` that its schema does not name."""
    if "$ref" in schema:
        for part in schema["$ref"].removeprefix("#/").split("/"):
            root = root[part]
        schema = root
    if isinstance(value, list):
        for each in value:
            yield from unknown_fields(schema["items"], each, root)
    elif isinstance(value, dict):
        for name, each in value.items():
            if name in schema["properties"]:
                yield from unknown_fields(schema["properties"][name], each, root)
            else:
                yield name


def answered(path: str, key: str) -> Any:
    if not ENDPOINTS[path].signed:
        return content(answer(desk(), Request(path), NOW_MS))
    return content(ask(desk(), key, path, **PARAMETERS.get(path, {})))


@pytest.mark.parametrize("key", ["inventory", "trader"])
@pytest.mark.parametrize("path", sorted(set(ENDPOINTS) - ELSEWHERE))
def test_an_answer_has_its_official_shape(openapi: Any, path: str, key: str) -> None:
    schema = schema_of(openapi, path, "200")
    found = answered(path, key)

    assert found, "an empty answer shows nothing"
    Draft7Validator(without(schema, NOT_ALWAYS.get(path, set()))).validate(found)
    unknown = set(unknown_fields(schema, found, schema))
    assert unknown - NEWER.get(path, set()) <= UNDOCUMENTED.get(path, set())
    assert unknown >= NEWER.get(path, set()), "what is listed as newer is not sent"


def test_what_need_not_be_there_is_not_always_there(openapi: Any) -> None:
    for path, fields in NOT_ALWAYS.items():
        schema = schema_of(openapi, path, "200")
        assert not Draft7Validator(schema).is_valid(answered(path, "inventory"))
        assert fields <= set(json.dumps(schema).replace('"', " ").split())


def test_an_error_has_its_official_shape(openapi: Any) -> None:
    for path in set(ENDPOINTS) - ELSEWHERE - {"/api/v3/time", "/api/v3/account"}:
        found = answer(desk(), Request(path), NOW_MS)
        assert found.status == 401
        body = json.loads(found.body)
        Draft7Validator(schema_of(openapi, path, "401")).validate(body)
        assert {*body} == {"code", "msg"}


def test_every_endpoint_is_held_to_something(openapi: Any) -> None:
    assert set(ENDPOINTS) == {*openapi["paths"], *ELSEWHERE} - {"/sapi/v1/sub-account/status"}
    assert all({*operations} == {"get"} for operations in openapi["paths"].values())


def test_the_weights_are_those_of_the_file(openapi: Any) -> None:
    for path in set(ENDPOINTS) - ELSEWHERE:
        said = openapi["paths"][path]["get"]["description"]
        kind = "UID" if ENDPOINTS[path].pool == "sapi-uid" else "IP"
        listed = ENDPOINTS[path].weight({})
        assert f"Weight({kind}): {listed}" in said or path == "/sapi/v1/capital/withdraw/address/list"


def test_the_mandatory_parameters_are_those_of_the_file(openapi: Any) -> None:
    for path in set(ENDPOINTS) - ELSEWHERE:
        listed = [
            openapi["components"]["parameters"][each["$ref"].rpartition("/")[2]] if "$ref" in each else each
            for each in openapi["paths"][path]["get"].get("parameters", [])
        ]
        required = {each["name"] for each in listed if each.get("required")} - {"timestamp", "signature"}
        assert required == set(ENDPOINTS[path].mandatory)
