"""Reading HCL, the language of Terraform, into trees of plain tuples with the place of every node.

A node is `(kind, start, end, ...)`; start and end are code-point offsets into the text that was read, the end
exclusive.

In bodies (lists, in the order of the text):

    ATTR   name, value                         name = value
    BLOCK  type, labels, header_end, body      type "label" { body }; a label is (text, start, end),
                                               header_end is the offset after the opening brace. In JSON several
                                               blocks may share a key: a block begins at its last label, or at its
                                               brace in a list
    ERR    message, name                       what could not be read; name is the attribute's, or None

Values:

    NUM    int or float
    STR    text                                a quoted string or heredoc without sequences, escapes undone
    LIT    True, False or None
    TMPL   parts, form                         a string with sequences; form 0 quoted, 1 heredoc, 2 heredoc with <<-
    REF    [names]                             var.a.b
    GET    value, name                         f(x).name
    IDX    value, index node                   x[0], x["k"], x.0
    SPLAT  value, full, steps                  x.*.a (full False), x[*].a (full True); a step is a name, the node of an
                                               index, or None for another splat
    CALL   name, [arguments], expand           f(a, b...)
    TUP    [items]
    OBJ    [(key node, value node)]            a key that is a plain word is a STR over that word, one in
                                               parentheses a PAREN
    FOR    key name or None, value name, collection, key node or None, value node, condition or None, grouping
                                               the key node is None for a list
    COND   condition, yes, no
    BIN    operator, left, right
    UN     operator, value                     operator - or !
    PAREN  value

Parts of a template are strings, value nodes, and directives, whose span ends where their closing directive begins:

    TIF    condition, [parts], [else parts]
    TFOR   key name or None, value name, collection, [parts]

Nothing nests deeper than `limits.HCL_DEPTH` nodes in one value, nor blocks deeper than that; chains such as
`a + b + c` nest to the left, so they count too. In JSON the limit holds for the JSON and for each template in it.

The readers are imported when they are first called: to make their patterns takes longer than to read a few files, and
an unchanged file is not read again.
"""

from opslint.read.hcl.nodes import (
    ATTR,
    BIN,
    BLOCK,
    CALL,
    COND,
    ERR,
    FOR,
    GET,
    IDX,
    LIT,
    NUM,
    OBJ,
    PAREN,
    REF,
    SPLAT,
    STR,
    TFOR,
    TIF,
    TMPL,
    TUP,
    UN,
    Body,
    HclError,
    HclProblem,
    Node,
    Parsed,
)


def parse(text: str) -> Parsed:
    """Read a file of HCL. Never raises: what could not be read is in `errors`."""
    from opslint.read.hcl.bodies import parse as read

    return read(text)


def parse_json(text: str, *, variables: bool = False) -> Parsed:
    """Read a file of Terraform's JSON. Never raises: what could not be read is in `errors`.

    With `variables` it is a file of values for variables (`.tfvars.json`): attributes only, and strings as they stand.
    """
    from opslint.read.hcl.tf_json import parse_json as read

    return read(text, variables=variables)


def parse_expression(text: str) -> Node:
    """Read one expression and nothing else; raise HclError. Offsets count from the beginning of `text`."""
    from opslint.read.hcl.bodies import parse_expression as read

    return read(text)


def parse_template(text: str) -> Node:
    """Read a whole template file (of `templatefile`): a STR or TMPL over all of it; raise HclError."""
    from opslint.read.hcl.bodies import parse_template as read

    return read(text)


__all__ = [
    "ATTR",
    "BIN",
    "BLOCK",
    "CALL",
    "COND",
    "ERR",
    "FOR",
    "GET",
    "IDX",
    "LIT",
    "NUM",
    "OBJ",
    "PAREN",
    "REF",
    "SPLAT",
    "STR",
    "TFOR",
    "TIF",
    "TMPL",
    "TUP",
    "UN",
    "Body",
    "HclError",
    "HclProblem",
    "Node",
    "Parsed",
    "parse",
    "parse_expression",
    "parse_json",
    "parse_template",
]
