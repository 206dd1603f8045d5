"""Functions of strings."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from opslint.model.node import Unknown
from opslint.model.patterns import regex
from opslint.read.evaluate.functions.encoding import json_text
from opslint.read.evaluate.functions.signature import Function
from opslint.read.evaluate.values import (
    LONG_TEXT,
    TEXT_LIMIT,
    EvalError,
    Handle,
    TypedList,
    Value,
    first_unknown,
    glue,
    to_bool,
    to_int,
    to_number,
    to_text,
)

_VERB = regex(r"%(?:\[(\d+)\])?([-+# 0]*)(\d{0,4})(?:\.(\d{1,3}))?([a-zA-Z%])", re.ASCII)


def _format(pattern: Value, *values: Value) -> Value:
    text = to_text(pattern)
    if isinstance(text, Unknown):
        return Unknown(text.why)
    parts: list[Value] = []
    used, highest, end = 0, 0, 0
    for match in _VERB.finditer(text):
        parts.append(text[end : match.start()])
        end = match.end()
        if match[5] == "%":
            parts.append("%")
            continue
        used = int(match[1]) if match[1] else used + 1
        highest = max(highest, used)
        if used > len(values):
            raise EvalError("there are not enough arguments")
        parts.append(_verb(match, values[used - 1]))
    if highest < len(values):
        raise EvalError("there are too many arguments")
    parts.append(text[end:])
    return glue(parts)


def _verb(match: re.Match[str], value: Value) -> Value:
    flags, width, digits, verb = match[2], match[3], match[4], match[5]
    unknown = first_unknown(value)
    if unknown is not None:
        return unknown if verb in "sv" and not width else Unknown(unknown.why)
    precision = "" if digits is None else f".{digits}"
    spec = f"%{flags.replace('#', '') if verb in 'vsq' else flags}{width}{precision}"
    if verb in "dboxXc":
        if verb in "xX" and isinstance(value, str):
            shown = value.encode().hex()
            return (spec + "s") % (shown.upper() if verb == "X" else shown)
        whole = to_int(value)
        if verb == "b":
            return format(whole, f"{'0' if '0' in flags else ''}{width}b")
        return (spec + verb) % whole
    if verb in "feEgG":
        return (spec + verb) % float(to_number(value))
    return (spec + "s") % _shown(verb, value)


def _shown(verb: str, value: Value) -> str:
    if verb == "t":
        return str(to_text(to_bool(value)))
    if verb == "v" and (value is None or isinstance(value, (list, dict))):
        text = json_text(value)
        if isinstance(text, Unknown):
            raise EvalError("an unknown value")
        return str(text)
    if value is None:
        raise EvalError("null cannot be formatted")
    if verb == "q":
        return json.dumps(to_text(value), ensure_ascii=False)
    if verb in "sv":
        return str(to_text(value))
    raise EvalError(f"unknown verb %{verb}")


def _format_list(pattern: Value, *values: Value) -> Value:
    lengths = {len(value) for value in values if isinstance(value, list)}
    if len(lengths) > 1:
        raise EvalError("the lists differ in length")
    rows, size = TypedList(), 0
    for row in range(lengths.pop() if lengths else 1):
        text = _format(pattern, *(value[row] if isinstance(value, list) else value for value in values))
        size += len(text) if isinstance(text, str) else 1
        if size > TEXT_LIMIT:
            return Unknown(LONG_TEXT)
        rows.append(text)
    return rows


def _match_value(match: re.Match[str]) -> Value:
    if match.re.groups == 0:
        return match[0]
    if match.re.groupindex:
        return {name: match[name] for name in match.re.groupindex}
    return list(match.groups())


def _regex(pattern: Value, subject: Value) -> Value:
    from opslint.read.evaluate.functions import patterns

    expression, text = to_text(pattern), to_text(subject)
    if patterns.too_slow(expression, text):
        return Unknown("regex()")
    match = patterns.compiled(expression).search(text)
    if match is None:
        raise EvalError("the pattern does not match")
    return _match_value(match)


def _regex_all(pattern: Value, subject: Value) -> Value:
    from opslint.read.evaluate.functions import patterns

    expression, text = to_text(pattern), to_text(subject)
    if patterns.too_slow(expression, text):
        return Unknown("regexall()")
    return TypedList(_match_value(match) for match in patterns.compiled(expression).finditer(text))


def _replace(subject: Value, wanted: Value, new: Value) -> Value:
    text, old, replacement = to_text(subject), to_text(wanted), to_text(new)
    if len(old) > 1 and old[0] == old[-1] == "/":
        from opslint.read.evaluate.functions import patterns

        expression = old[1:-1]
        if patterns.too_slow(expression, text):
            return Unknown("replace()")
        template, groups = re.subn(r"\$\{?(\w+)\}?", r"\\g<\1>", replacement.replace("\\", "\\\\"))
        if (len(text) + 1) * len(replacement) + groups * len(text) > TEXT_LIMIT:
            return Unknown(LONG_TEXT)
        return patterns.compiled(expression).sub(template, text)
    if text.count(old) * len(replacement) > TEXT_LIMIT:
        return Unknown(LONG_TEXT)
    return text.replace(old, replacement)


def _substring(subject: Value, offset: Value, length: Value) -> str:
    text, start, count = str(to_text(subject)), to_int(offset), to_int(length)
    if start < 0:
        start = max(start + len(text), 0)
    return text[start:] if count < 0 else text[start : start + count]


def _split(separator: Value, subject: Value) -> TypedList:
    mark, text = to_text(separator), to_text(subject)
    return TypedList(text.split(mark) if mark else list(text))


def _title(subject: Value) -> str:
    return re.sub(r"(^|[^\w])(\w)", lambda match: match[1] + match[2].upper(), to_text(subject))


def _indent(spaces: Value, subject: Value) -> Value:
    text, count = to_text(subject), to_int(spaces)
    if count * text.count("\n") > TEXT_LIMIT:
        return Unknown(LONG_TEXT)
    return text.replace("\n", "\n" + " " * count)


def _without_suffix(subject: Value, suffix: Value) -> str:
    return str(to_text(subject)).removesuffix(to_text(suffix))


def _starts(subject: Value, prefix: Value) -> Value:
    """A template that begins with a known piece tells its beginning although the rest is unknown."""
    wanted = to_text(prefix)
    if isinstance(subject, Unknown) and subject.parts and isinstance(subject.parts[0], str) and isinstance(wanted, str):
        head = subject.parts[0]
        if len(head) >= len(wanted) or not wanted.startswith(head):
            return head.startswith(wanted)
    unknown = first_unknown(subject, wanted)
    return Unknown(unknown.why) if unknown else to_text(subject).startswith(wanted)


def _path_end(path: Value) -> Value:
    """The end of a path may be known although its beginning is not."""
    tail = path.parts[-1] if isinstance(path, Unknown) and path.parts else None
    if isinstance(tail, str) and "/" in tail.rstrip("/"):
        return tail.rstrip("/").rpartition("/")[2]
    unknown = first_unknown(path)
    if unknown is not None:
        return Unknown(unknown.why)
    text = str(to_text(path))
    return text.rstrip("/").rpartition("/")[2] or ("/" if text else ".")


def _absolute(path: Value) -> Value:
    """Only the end of an absolute path is the same on every machine."""
    unknown = first_unknown(path)
    if unknown is not None:
        return unknown
    text = str(to_text(path)).removeprefix("./")
    if text in {"", "."} or text.startswith(("/", "..")):
        return Unknown("abspath()")
    return Unknown("abspath()", parts=(Unknown("abspath()"), f"/{text}"))


def _directory(path: Value) -> str:
    from posixpath import normpath

    text = str(to_text(path))
    head, slash, _ = text.rpartition("/")
    return normpath(head or ("/" if slash else "."))


def _known_path(path: Value) -> Value:
    text = to_text(path)
    return Unknown("the home directory") if text[:1] == "~" else text


def _upper(character: str) -> str:
    """Go turns one character into one: ß stays."""
    found = character.upper()
    return found if len(found) == 1 else character


def _text(value: Any) -> str:
    if isinstance(value, Handle) or value is None or isinstance(value, (list, dict)):
        raise EvalError("a string is required")
    return str(to_text(value))


TABLE: Final[dict[str, Function]] = {
    "abspath": Function(_absolute, "nothing"),
    "basename": Function(_path_end, "nothing"),
    "chomp": Function(lambda text: _text(text).rstrip("\r\n")),
    "dirname": Function(_directory),
    "endswith": Function(lambda text, suffix: _text(text).endswith(_text(suffix))),
    "format": Function(_format, "nothing"),
    "formatlist": Function(_format_list, "arguments"),
    "indent": Function(_indent),
    "lower": Function(lambda text: _text(text).lower()),
    "pathexpand": Function(_known_path),
    "regex": Function(_regex),
    "regexall": Function(_regex_all),
    "replace": Function(_replace),
    "split": Function(_split),
    "startswith": Function(_starts, "nothing"),
    "strcontains": Function(lambda text, part: _text(part) in _text(text)),
    "strrev": Function(lambda text: _text(text)[::-1]),
    "substr": Function(_substring),
    "title": Function(_title),
    "trim": Function(lambda text, cut: _text(text).strip(_text(cut)) if _text(cut) else _text(text)),
    "trimprefix": Function(lambda text, prefix: _text(text).removeprefix(_text(prefix))),
    "trimspace": Function(lambda text: _text(text).strip()),
    "trimsuffix": Function(_without_suffix),
    "upper": Function(lambda text: "".join(map(_upper, _text(text)))),
}
