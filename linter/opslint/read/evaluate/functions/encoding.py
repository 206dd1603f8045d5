"""Functions that write and read JSON, YAML, CSV, base64, URLs and digests."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from opslint.model.node import Unknown
from opslint.model.patterns import regex
from opslint.read.evaluate.functions.signature import Function
from opslint.read.evaluate.values import (
    LONG_TEXT,
    Encoded,
    EvalError,
    Handle,
    PartialObject,
    TypedList,
    Value,
    deep_unknown,
    glue,
    number,
    number_text,
    to_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ESCAPES: Final = str.maketrans({character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"})
_PIECES: Final = 400_000  # pieces of one JSON text: shared members are written again each time


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).translate(_ESCAPES)


def json_text(value: Value) -> Value:
    """Return JSON as Terraform writes it.

    A value that is unknown inside gives an Unknown whose parts are the text around it; a member that is wholly unknown
    stands between quotes, so that any text put there reads as JSON again.
    """
    pieces: list[Value] = []
    for piece in _json_pieces(value):
        pieces.append(piece)
        if len(pieces) > _PIECES:
            return Unknown(LONG_TEXT)
    return glue(pieces)


def _encoded_json(value: Value) -> Value:
    text = json_text(value)
    return Encoded(text, value) if isinstance(text, Unknown) and text.parts else text


def _decoded_again(text: Value) -> Value:
    """Return what a text was made of, or that nobody knows it."""
    return _as_json(text.value) if isinstance(text, Encoded) else Unknown(text.why)


def _as_json(value: Value) -> Value:
    """Return a value as JSON has it: of maps, lists and sets only objects and tuples are left."""
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items()}
    return Unknown(value.address) if isinstance(value, Handle) else value


def _json_pieces(value: Value) -> Iterator[Value]:
    if isinstance(value, Handle):
        value = Unknown(value.address)
    if isinstance(value, PartialObject):
        for position, (key, member) in enumerate(value.entries):
            yield "," if position else "{"
            yield from _json_pieces(key)
            yield ":"
            yield from _json_pieces(member)
        yield "}"
    elif isinstance(value, Unknown):
        yield '"'
        yield from (_quoted(part)[1:-1] if isinstance(part, str) else part for part in value.parts or (value,))
        yield '"'
    elif value is None:
        yield "null"
    elif isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, str):
        yield _quoted(value)
    elif isinstance(value, (int, Decimal)):
        yield number_text(value)
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield "," if position else "["
            yield from _json_pieces(item)
        yield "]" if value else "[]"
    else:
        for position, key in enumerate(sorted(value)):
            yield ("," if position else "{") + _quoted(key) + ":"
            yield from _json_pieces(value[key])
        yield "}" if value else "{}"


def _json_value(text: Value) -> Value:
    if isinstance(text, (Unknown, Handle)):
        return _decoded_again(text) if isinstance(text, Unknown) else Unknown(text.address)

    def numeral(digits: str) -> Value:
        return number(Decimal(digits)) if len(digits) < 1000 else _refuse("the number is too large")

    def refused(name: str) -> Value:
        return _refuse(f"{name} is not JSON")

    return json.loads(to_text(text), parse_float=numeral, parse_int=numeral, parse_constant=refused)


def _refuse(message: str) -> Value:
    raise EvalError(message)


# -- YAML
_PLAIN = regex(r"[A-Za-z_/][\w./-]*", re.ASCII)


def _yaml_text(value: Value) -> Value:
    if deep_unknown(value) is not None:
        return _encoded_json(value)  # JSON is YAML too, and keeps what is known around the unknown
    if isinstance(value, (list, dict)) and value:
        return "".join(_yaml_lines(value, ""))
    # A document of a lone plain scalar is ended explicitly.
    return _yaml_flat(value) + ("\n" if isinstance(value, (str, list, dict)) else "\n...\n")


def _yaml_lines(value: Value, margin: str) -> Iterator[str]:
    if isinstance(value, dict):
        entries = [(f"{_yaml_flat(key)}:", value[key], "") for key in sorted(value)]
    else:
        entries = [("-", item, "") for item in value]
    for position, (head, item, _) in enumerate(entries):
        start = margin if position or not margin.endswith("\0") else ""
        start = start.replace("\0", "")
        if not isinstance(item, (list, dict)) or not item:
            yield f"{start}{head} {_yaml_block(item, margin.replace(chr(0), ''))}\n"
        elif head == "-":
            inner = "".join(_yaml_lines(item, margin.replace("\0", "") + "  "))
            yield f"{start}- {inner.lstrip(' ')}"
        else:
            # A list stands at its key's own indent, a map two further.
            deeper = margin.replace("\0", "") + ("  " if isinstance(item, dict) else "")
            yield f"{start}{head}\n"
            yield from _yaml_lines(item, deeper)


def _yaml_block(value: Value, margin: str) -> str:
    if isinstance(value, str) and "\n" in value and not value.startswith((" ", "\n")):
        chomp = "" if value.endswith("\n") and not value.endswith("\n\n") else "+" if value.endswith("\n") else "-"
        body = value.removesuffix("\n")
        return f"|{chomp}\n" + "\n".join(f"{margin}  {line}" if line else "" for line in body.split("\n"))
    return _yaml_flat(value)


def _yaml_flat(value: Value) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "[]"
    if isinstance(value, dict):
        return "{}"
    return "null" if value is None else str(to_text(value))


def _yaml_value(text: Value) -> Value:
    if isinstance(text, (Unknown, Handle)):
        return _decoded_again(text) if isinstance(text, Unknown) else Unknown(text.address)
    from opslint.read.evaluate.functions.yamltext import yaml_value

    return yaml_value(str(to_text(text)))


# -- CSV
def _csv_value(text: Value) -> TypedList:
    import csv

    rows = [row for row in csv.reader(io.StringIO(to_text(text)), strict=True) if row]
    if not rows:
        raise EvalError("a header line is required")
    header = rows[0]
    if any(len(row) != len(header) for row in rows) or len(set(header)) != len(header):
        raise EvalError("the rows do not fit the header")
    return TypedList(dict(zip(header, row, strict=True)) for row in rows[1:])


# -- digests and base64
def _digest(kind: str, *, base: bool = False) -> Callable[[Value], str]:
    def digest(text: Value) -> str:
        raw = hashlib.new(kind, to_text(text).encode(), usedforsecurity=False)
        return base64.b64encode(raw.digest()).decode() if base else raw.hexdigest()

    return digest


def _from_base64(text: Value) -> str:
    try:
        return base64.b64decode(to_text(text), validate=True).decode()
    except ValueError as error:
        raise EvalError("not base64 of a text") from error


def _url(text: Value) -> str:
    from urllib.parse import quote_plus

    return quote_plus(to_text(text))


def _uuid(namespace: Value, name: Value) -> str:
    import uuid

    spaces: dict[str, Any] = {
        "dns": uuid.NAMESPACE_DNS,
        "url": uuid.NAMESPACE_URL,
        "oid": uuid.NAMESPACE_OID,
        "x500": uuid.NAMESPACE_X500,
    }
    text = to_text(namespace)
    return str(uuid.uuid5(spaces[text] if text in spaces else uuid.UUID(text), to_text(name)))


def _encoded(text: Value, encoding: Value) -> str:
    return base64.b64encode(to_text(text).encode(_charset(encoding))).decode()


def _decoded(text: Value, encoding: Value) -> str:
    return base64.b64decode(to_text(text), validate=True).decode(_charset(encoding))


def _charset(encoding: Value) -> str:
    name = str(to_text(encoding))
    # Python's other codecs are not character sets.
    if not re.fullmatch(r"(?i)(utf|iso|windows|cp|koi8|gb|big5|shift|euc|us-?ascii)[\w-]*", name):
        raise EvalError(f"unknown encoding {name}")
    return name


TABLE: Final[dict[str, Function]] = {
    "base64decode": Function(_from_base64),
    "base64encode": Function(lambda text: base64.b64encode(to_text(text).encode()).decode()),
    "base64gzip": Function(lambda _text: Unknown("base64gzip()")),
    "base64sha256": Function(_digest("sha256", base=True)),
    "base64sha512": Function(_digest("sha512", base=True)),
    "csvdecode": Function(_csv_value),
    "jsondecode": Function(_json_value, "nothing"),
    "jsonencode": Function(_encoded_json, "nothing"),
    "md5": Function(_digest("md5")),
    "sha1": Function(_digest("sha1")),
    "sha256": Function(_digest("sha256")),
    "sha512": Function(_digest("sha512")),
    "textdecodebase64": Function(_decoded),
    "textencodebase64": Function(_encoded),
    "urlencode": Function(_url),
    "uuidv5": Function(_uuid),
    "yamldecode": Function(_yaml_value, "nothing"),
    "yamlencode": Function(_yaml_text, "nothing"),
}
