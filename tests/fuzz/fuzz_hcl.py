"""Mutate small texts of HCL and JSON and read them: `python tests/fuzz/fuzz_hcl.py [--count N] [--seed S]`.

Every input must be read without an exception, in time, into a tree whose spans are nested and in range. Exits with 1 and
prints the input that is not.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import time
from typing import Any

from opslint.model.limits import ERRORS_PER_FILE, HCL_DEPTH
from opslint.read import hcl
from opslint.read.hcl.checks import duplicate_keys

SECONDS = 0.1  # for one input, of CPU time: about a hundred times what 4 KB take
PER_CHARACTER = 20e-6  # and this much more for each character above 4,096
KINDS_OF_BODY = (hcl.ATTR, hcl.BLOCK, hcl.ERR)

SEEDS = (
    (
        'resource "aws_eks_cluster" "this" {\n  name = "${var.prefix}-eks"\n  vpc_config {\n    subnet_ids = [for s in '
        'aws_subnet.a : s.id if s.public]\n  }\n  tags = merge(local.tags, { Name = "x", "k8s/${var.n}" = true })\n}\n'
    ),
    (
        'variable "a" {\n  type = object({\n    b = optional(list(string), [])\n    c = map(number)\n  })\n  default = null\n'
        '  validation {\n    condition = length(var.a) > 1 && !contains(["x"], var.a) || 2 * (3 - 1) >= -4 % 5\n'
        '    error_message = "no"\n  }\n}\n'
    ),
    (
        "locals {\n  doc = <<-EOT\n    %{ for k, v in var.m ~}\n    ${k} = ${jsonencode(v)}\n    %{ endfor ~}\n  EOT\n"
        "  raw = <<A\nplain $${x} %%{y}\nA\n  p = cond ? a[0].b : c[*].d.*.e\n}\n"
    ),
    'module "m" { source = "./x" }\nmoved {\n  from = a.b\n  to = a.c[0]\n}\n# c\n// d\n/* e */\noutput "o" { value = 1 }\n',
    'a = { for k, v in m : k => v... if v != "" }\nb = provider::aws::f(1.5e3)\nc = "%{ if x }y%{ else }z%{ endif }\\u00e9"\n',
    (
        '{"resource": {"aws_s3_bucket": {"b": {"bucket": "${var.x}-\\u00e9\\"", "tags": {"a": 1}, "versioning": [{"enabled": '
        'true}], "depends_on": ["aws_kms_key.k"]}}}, "variable": {"x": {"type": "list(string)", "default": []}}}'
    ),
)
PIECES = (
    *"{}[]()\"'=:,.?!-+*/%<>&|~#\\\n\r\t $@0aé\0",
    *(
        "${",
        "%{",
        "${~",
        "~}",
        "%{ if x }",
        "%{ endif }",
        "%{ for x in y }",
        "<<EOT\n",
        "<<-A\n",
        "EOT\n",
        "A\n",
        "/*",
        "*/",
    ),
    *(
        "//",
        "...",
        "=>",
        "==",
        "&&",
        "[*]",
        ".*",
        "for ",
        " in ",
        " if ",
        "null",
        "true",
        "1e9",
        "::",
        "\ufeff",
        '\\"',
        "\\u",
    ),
)


def mutate(rng: random.Random) -> str:
    """Return a seed with up to eight changes."""
    text = rng.choice(SEEDS)
    for _ in range(rng.randint(1, 8)):
        at = rng.randint(0, len(text))
        end = min(len(text), at + rng.choice((0, 1, 1, 2, 5, 20)))
        kind = rng.randrange(6)
        if kind == 0:
            text = text[:at] + text[end:]
        elif kind == 1:
            text = text[:at] + rng.choice(PIECES) * rng.choice((1, 1, 1, 1, 2, 40, 700)) + text[at:]
        elif kind == 2:
            text = text[:at] + rng.choice(PIECES) + text[end:]
        elif kind == 3:
            other = rng.choice(SEEDS)
            cut = rng.randint(0, len(other))
            text = text[:at] + other[cut : cut + rng.randint(1, 80)] + text[at:]
        elif kind == 4:
            text = text[:at] + text[at:end] * rng.choice((2, 3, 50)) + text[end:]
        else:
            text = (
                text[:at]
                if rng.random() < 0.3
                else text.replace("\n", "\r\n")
                if rng.random() < 0.3
                else text[at:] + text[:at]
            )
    return text


def check_spans(item: Any, start: int, end: int) -> None:
    """Check that the spans in a node, or list of nodes, lie in the span around it."""
    waiting = [(item, start, end)]
    while waiting:
        item, start, end = waiting.pop()
        if type(item) is tuple and item and type(item[0]) is int:
            assert start <= item[1] <= item[2] <= end, f"{item[:3]} is not in {start}-{end}"
            start, end = item[1:3]
            if item[0] == hcl.BLOCK:
                for _, label_start, label_end in item[
                    4
                ]:  # in JSON several blocks share a label, so it stands before them
                    assert label_start <= label_end <= item[5], "a label behind its header"
                assert start <= item[5] <= end, "a header outside its block"
                waiting.append((item[6], item[5] if item[6] and item[6][0][1] >= item[5] else start, end))
                continue
        waiting += [(part, start, end) for part in item if type(part) in (tuple, list)]


def check_order(body: list[Any], text: str) -> None:
    """Check that the items of a body follow each other, and that names stand where they are said to."""
    before = 0
    for node in body:
        assert node[0] in KINDS_OF_BODY, f"{node[0]} in a body"
        assert node[1] >= before, f"{node[:3]} begins before {before}"
        before = node[2]
        if node[0] in (hcl.ATTR, hcl.BLOCK):
            assert text.startswith(node[3], node[1]), f"{node[3]} is not at {node[1]}"
        if node[0] == hcl.BLOCK:
            check_order(node[6], text)


def check(text: str) -> float:
    """Read one text both ways and check what comes of it; return the seconds that the slower reading took."""
    slowest = 0.0
    for read in (hcl.parse, hcl.parse_json):
        start = time.process_time()
        parsed = read(text)
        took = time.process_time() - start
        slowest = max(slowest, took)
        allowed = SECONDS + PER_CHARACTER * max(0, len(text) - 4096)
        assert took < allowed, f"{took:.3f} s for {len(text)} characters"
        assert len(parsed.errors) <= ERRORS_PER_FILE, "too many errors"
        assert parsed.errors == sorted(parsed.errors), "errors out of order"
        assert all(0 <= problem.offset <= len(text) for problem in parsed.errors), "an error outside the text"
        check_spans(parsed.body, 0, len(text))
        if read is hcl.parse:
            check_order(parsed.body, text)
        duplicate_keys(parsed.body)
    try:
        check_spans(hcl.parse_expression(text), 0, len(text))
        offset = 0
    except hcl.HclError as error:
        offset = error.offset
    assert 0 <= offset <= len(text), "an error outside the text"
    return slowest


def main() -> int:
    """Run the fuzzer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    limit = sys.getrecursionlimit()
    print(f"{arguments.count:,} inputs of seed {arguments.seed}", flush=True)
    begin = time.perf_counter()
    slowest = characters = 0.0
    for number in range(arguments.count):
        text = mutate(rng)
        characters += len(text)
        try:
            slowest = max(slowest, check(text))
            assert gc.isenabled(), "the garbage collector was left off"
            assert sys.getrecursionlimit() == limit, "the recursion limit was left changed"
        except Exception as error:  # noqa: BLE001 - whatever it is, the input is wanted
            print(f"input {number} of seed {arguments.seed}: {type(error).__name__}: {error}\n{text!r}")
            return 1
    seconds = time.perf_counter() - begin
    print(
        f"{arguments.count} inputs, {characters / 1e6:.1f} M characters, {seconds:.0f} s: nothing found; "
        f"the slowest took {slowest * 1000:.0f} ms (depth {HCL_DEPTH})"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
