"""The patterns of HCL's words.

Every pattern matches in one way only, so that none can take more than linear time: blanks and comments are possessive,
and a quoted string or a comment has one reading. Two sets exist for most places: in brackets a line break is blank
(`_N`), elsewhere it ends the expression (`_L`).
"""

from __future__ import annotations

import re
from math import isinf
from typing import TYPE_CHECKING, Final, cast

from opslint.read.hcl.nodes import HclError

if TYPE_CHECKING:
    from collections.abc import Callable

IDENTIFIER: Final = r"[^\W\d][\w-]*+"
PATH: Final = IDENTIFIER + r"(?:\." + IDENTIFIER + r")*"
COMMENT: Final = r"/\*[^*]*+(?:\*(?!/)[^*]*+)*+\*/"
BLANK_N: Final = r"[ \t\r\n]*+(?:(?:(?:#|//)[^\n]*+\n|" + COMMENT + r")[ \t\r\n]*+)*+"
BLANK_L: Final = r"[ \t\r]*+(?:" + COMMENT + r"[ \t\r]*+)*+"
SIMPLE: Final = r'"([^"\\$%\n]*+(?:[$%](?!\{)[^"\\$%\n]*+)*+)"'  # a quoted string without escapes and sequences
NUMBER: Final = r"[0-9]++(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?"
PRIMARY: Final = (
    rf"(?:({PATH})"  # 1 dotted path
    rf"|{SIMPLE}"  # 2
    rf"|({NUMBER})"  # 3
    r'|(")|(\[)|(\{)|(\()|([-!])'  # 4 string 5 list 6 object 7 parenthesis 8 unary operator
    rf"|<<(-?)({IDENTIFIER})\r?\n)"  # 9 flush 10 heredoc marker
)
POSTFIX: Final = (
    r"(?:(==|!=|<=|>=|<|>|&&|\|\||[+*%]|/(?![/*])|-)"  # 1 binary operator
    r"|(\?)"  # 2 conditional
    rf"|\.(?=[ \t]*\w)[ \t]*(?:({IDENTIFIER})|([0-9]++)(?!\.?\d))"  # 3 attribute 4 index after a dot
    r"|\.[ \t]*(\*)"  # 5 attribute splat
    r"|\[[ \t]*(\*)[ \t]*\]"  # 6 full splat
    r"|(\[)"  # 7 index
    r")"
)
PRIMARY_N: Final = re.compile(BLANK_N + PRIMARY).match
PRIMARY_L: Final = re.compile(BLANK_L + PRIMARY).match
POSTFIX_N: Final = re.compile(BLANK_N + POSTFIX).match
POSTFIX_L: Final = re.compile(BLANK_L + POSTFIX).match
# these two match nothing too, so they never give None
SKIP_N: Final = cast("Callable[[str, int], re.Match[str]]", re.compile(BLANK_N).match)
SKIP_L: Final = cast("Callable[[str, int], re.Match[str]]", re.compile(BLANK_L).match)
WORD_N: Final = re.compile(rf"{BLANK_N}({IDENTIFIER})").match
NAMESPACE: Final = re.compile(rf"(?:::[ \t]*+{IDENTIFIER})++").match
FOR_WORD: Final = re.compile(BLANK_N + r"(for)(?![\w-])").match
FOR_HEAD: Final = re.compile(
    rf"{BLANK_N}for(?![\w-]){BLANK_N}({IDENTIFIER}){BLANK_N}(?:,{BLANK_N}({IDENTIFIER}){BLANK_N})?in(?![\w-])"
).match
OBJECT_ITEM: Final = re.compile(
    rf"{BLANK_N}(?:({IDENTIFIER})[ \t]*[=:](?![=:])[ \t]*"  # 1 a key that is a word
    rf"(?:{SIMPLE}|({PATH})|({NUMBER}))?(?=([ \t]*[,}}\n\r#]?))"  # 2 string 3 path 4 number 5 what follows
    r"|(\}))"  # 6 the end
).match
LINE_END: Final = re.compile(BLANK_L + r"(?:(?:#|//)[^\n]*+)?\n").match
STOP_N: Final = frozenset(",)]}")
STOP_L: Final = frozenset(",)]}\n")
PRECEDENCE: Final = {
    "||": 1,
    "&&": 2,
    "==": 3,
    "!=": 3,
    "<": 4,
    ">": 4,
    "<=": 4,
    ">=": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "%": 6,
}
CONSTANTS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}

QUOTED_PART: Final = re.compile(
    r'([^"\\$%\n]++)'  # 1 literal
    r'|(\\(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[nrt"\\]))'  # 2 escape
    r"|(\$\$\{|%%\{)"  # 3 escaped sequence
    r"|(\$\{~?)|(%\{~?)"  # 4 interpolation 5 directive
    r'|(")|([$%])|(\\.)'  # 6 end 7 literal 8 bad escape
).match
HEREDOC_PART: Final = re.compile(r"([^$%\n]*+\n|[^$%\n]++)|(\$\$\{|%%\{)|(\$\{~?)|(%\{~?)|([$%])").match
HEREDOC_END: Final = re.compile(rf"^[ \t]*+({IDENTIFIER})[ \t]*+\r?$", re.MULTILINE).finditer
DIRECTIVE_WORD: Final = re.compile(BLANK_N + r"(if|else|endif|for|endfor)(?![\w-])").match
SEQUENCE_END: Final = re.compile(BLANK_N + r"(~?)\}").match
ESCAPES: Final = {"\\n": "\n", "\\r": "\r", "\\t": "\t", '\\"': '"', "\\\\": "\\"}

ITEM: Final = re.compile(
    rf"{BLANK_N}(?:({IDENTIFIER})[ \t]*=(?![=>])[ \t]*"  # 1 name
    rf"(?:(?:{SIMPLE}|({PATH})|({NUMBER}))"  # 2 string 3 path 4 number
    r"([ \t\r]*+(?:(?:#|//)[^\n]*+)?\n))?"  # 5 the line ends here
    rf'|({IDENTIFIER})((?:[ \t]*"[^"\\\n$%]*"|[ \t]+{IDENTIFIER})*)[ \t]*(\{{)'  # 6 type 7 labels 8
    r"|(\})|(\0))"  # 9 10
).match
LABEL: Final = re.compile(rf'"([^"\\\n$%]*)"|({IDENTIFIER})').finditer
HEADER_WORD: Final = re.compile(rf'(?:({IDENTIFIER})|("(?:[^"\\\n]|\\.)*+")|(\{{)|(=(?![=>])))').match
NEXT_ITEM: Final = re.compile(r'\n(?=[^\W\d][\w-]*+[ \t"{])').search
_TOP_LEVEL: Final = (
    r"(?:resource|data|ephemeral|variable|output|module|provider|terraform|locals|moved|import|removed|check)"
    r'[ \t]*+["{]'
)
TOP_LEVEL: Final = re.compile(_TOP_LEVEL).match
NEXT_TOP_LEVEL: Final = re.compile(rf"\n(?={_TOP_LEVEL})").search
_NEUTRAL: Final = r'[^"#/<\[\](){}\n\0\\]'
BALANCE: Final = re.compile(
    rf"<<-?({IDENTIFIER})\r?\n"  # 1 heredoc marker
    r'|"(?:[^"\\\n]|\\.)*+"|#[^\n]*+|//[^\n]*+|/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/|\Z)|\n|\0'
    # Brackets with nothing in them that counts are taken as a run, with what is between them; a quote behind a
    # backslash begins no string, or every one of many would be tried to the end of its line.
    rf'|(?:{_NEUTRAL}++|\\.?|\[{_NEUTRAL}*+\]|\({_NEUTRAL}*+\)|\{{{_NEUTRAL}*+\}})++|[\[({{]|[\])}}]|["/<]'
).match

_DIGITS: Final = 309  # the most digits a whole number may have: a float holds no more either


def number(literal: str, offset: int) -> int | float:
    """Return the value of a number's text; raise HclError when no float can hold it."""
    if literal.isdigit() and len(literal) < _DIGITS:
        return int(literal)
    value = float(literal)
    if isinf(value):
        raise HclError(offset, "a number is too large")
    return value
