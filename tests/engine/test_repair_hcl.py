"""Changes of Terraform become edits in the layout of `terraform fmt`."""

import pytest

from opslint.api import (
    Add,
    AppendBlock,
    Remove,
    Rename,
    Safety,
    Set,
    resource,
)


def unless(node, value, change):
    return () if node.text == value else (change,)


def fixed_hcl(shop, files, changes_of):
    files = files if isinstance(files, dict) else {"main.tf": files}
    after = shop.fix(files, shop.rule_for(resource("x", "aws_db_instance"), changes_of))
    return after["main.tf"].decode() if len(files) == 1 else {path: data.decode() for path, data in after.items()}


def block(*lines, head='resource "aws_db_instance" "a"'):
    return head + " {\n" + "".join(f"  {line}\n" if line else "\n" for line in lines) + "}\n"


def test_set_in_terraform(shop):
    def change(item):
        return unless(item["size"], "7", Set(item["size"], "7"))

    assert fixed_hcl(shop, block("size = 1 # c"), change) == block("size = 7 # c")
    assert fixed_hcl(shop, block('size = "1"'), change) == block('size = "7"')


SUPPLIED = 'variable "size" {\n  default = 1\n}\nresource "x" "a" {\n  size = var.size\n}\n'


def test_set_follows_variables_to_what_supplies_them(shop):
    def change(item):
        return unless(item["size"], "7", Set(item["size"], "7"))

    assert fixed_hcl(shop, SUPPLIED, change) == SUPPLIED.replace("default = 1", "default = 7")
    files = {"main.tf": SUPPLIED, "terraform.tfvars": "size = 3 # here\n"}
    assert fixed_hcl(shop, files, change) == {"main.tf": SUPPLIED, "terraform.tfvars": "size = 7 # here\n"}


@pytest.mark.parametrize("value", ["var.size + 1", '"${var.size}-x"', "var.size > 0 ? 5 : 6", "max(var.size, 9)"])
def test_what_terraform_computes_is_only_shown(shop, value):
    text = SUPPLIED.replace("= var.size", f"= {value}")
    fixes = shop.shown(
        {"main.tf": text}, shop.rule_for(resource("x", "aws_db_instance"), lambda item: (Set(item["size"], "7"),))
    )
    assert [(fix.safety, fix.edits) for fix in fixes] == [(Safety.SHOWN, ())]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (block("a = 1"), block("a   = 1", "new = 7")),
        (block("longer = 1", "b      = 2"), block("longer = 1", "b      = 2", "new    = 7")),
        (block("b = 2", "", "longer = 1"), block("b = 2", "", "longer = 1", "new    = 7")),
        (block("a=1", "long   = 2"), block("a=1", "long   = 2", "new = 7")),
        (
            block("a = 1 # c", "", "inner {", "  b = 2", "}"),
            block("a   = 1 # c", "new = 7", "", "inner {", "  b = 2", "}"),
        ),
        (block("inner {", "  b = 2", "}"), block("new = 7", "", "inner {", "  b = 2", "}")),
        (block("tags = {", "  a = 1", "}"), block("tags = {", "  a = 1", "}", "new = 7")),
        ('resource "x" "a" {}\n', 'resource "x" "a" {\n  new = 7\n}\n'),
        ('resource "x" "a" { b = 1 }\n', 'resource "x" "a" {\n  b = 1\n  new = 7\n}\n'),
        (block("a = 1").replace("\n", "\r\n"), block("a   = 1", "new = 7").replace("\n", "\r\n")),
    ],
)
def test_add_in_terraform(shop, before, after):
    def change(item):
        return () if item["new"].exists else (Add(item.body, "new", "7"),)

    assert fixed_hcl(shop, before, change) == after


def test_add_to_nested_blocks_and_objects(shop):
    def change(item):
        targets = [one for one in (item.body.one("inner"), item["tags"]) if not one["new"].exists]
        return [Add(one, "new", '"x"') for one in targets]

    before = block("tags = {", '  Name = "a"', "}", "", "inner {", "  b = 2", "}")
    after = block("tags = {", '  Name = "a"', '  new  = "x"', "}", "", "inner {", "  b   = 2", '  new = "x"', "}")
    assert fixed_hcl(shop, before, change) == after


def test_rename_and_remove_in_terraform(shop):
    def change(item):
        return (Rename(item["old_name"], "name"), Remove(item["gone"])) if item["gone"].exists else ()

    before = block("old_name = 1", "other    = 2", "gone = [", "  1,", "]", "last = 3")
    assert fixed_hcl(shop, before, change) == block("name  = 1", "other = 2", "last = 3")


def test_neighbours_are_laid_out_anew(shop):
    def rename(item):
        changes = [(item["a"], "much_longer"), (item["bb"], "even_more_so")]
        return [Rename(node, key) for node, key in changes[: 2 if item["two"].exists else 1] if node.exists]

    before = block("a   = 1", "bb  = 2", "ccc = 3", "", "d = 4")
    after = block("much_longer = 1", "bb          = 2", "ccc         = 3", "", "d = 4")
    assert fixed_hcl(shop, before, rename) == after
    before = block("a   = 1", "bb  = 2", "two = 3")
    assert fixed_hcl(shop, before, rename) == block("much_longer = 1", "even_more_so = 2", "two = 3")

    def remove(item):
        return [Remove(item["ccc"])] if item["ccc"].exists else []

    before = block("a   = 1", "ccc = 3", "bb  = 2", "", "d = 4")
    assert fixed_hcl(shop, before, remove) == block("a  = 1", "bb = 2", "", "d = 4")


BLOCK = {
    "resource": [
        {
            "x_policy": {
                "a": {"of": "${x.a.id}", "long_name": "text", "rules": [{"n": 1}], "json": "${jsonencode({ b = [1] })}"}
            }
        }
    ]
}
WRITTEN = """\

resource "x_policy" "a" {
  of        = x.a.id
  long_name = "text"
  rules {
    n = 1
  }
  json = jsonencode({
    b = [
      1
    ]
  })
}
"""


def test_append_a_block(shop):
    before = 'resource "x" "a" {}'

    def change(item):
        return (AppendBlock(item.header, BLOCK),) if item.type == "x" else ()

    after = fixed_hcl(shop, before, change)
    assert after.startswith(before + "\n\nresource")
    assert "\n".join(line for line in after.split("\n")[1:] if line) == "\n".join(
        line for line in WRITTEN.split("\n") if line
    )


def test_a_block_is_written_out_only_for_fixing(shop):
    one = shop.rule_for(
        resource("x", "aws_db_instance"), lambda item: (AppendBlock(item.header, BLOCK),) if item.type == "x" else ()
    )
    shop.write({"main.tf": 'resource "x" "a" {}\n'})
    plain, fixing = (shop.lint(one, fixing=fixing).findings[0].fix for fixing in (False, True))
    assert (plain.safety, plain.edits) == (Safety.SAFE, ())
    assert [edit.path for edit in fixing.edits] == ["main.tf"]


def test_a_nested_block_is_added_at_the_end(shop):
    one = shop.rule_for(resource("aws_x"), lambda item: [Add(item.body, "scan", "{\n  on = true\n}")])
    text = 'resource "aws_x" "a" {\n  name = "a"\n}\n\nresource "aws_x" "b" {\n}\n'
    wanted = (
        b'resource "aws_x" "a" {\n  name = "a"\n\n  scan {\n    on = true\n  }\n}\n\n'
        b'resource "aws_x" "b" {\n  scan {\n    on = true\n  }\n}\n'
    )
    assert shop.fix({"main.tf": text}, one)["main.tf"] == wanted


def test_a_nested_block_is_not_added_to_a_block_of_one_line(shop):
    one = shop.rule_for(resource("aws_x"), lambda item: [Add(item.body, "scan", "{\n  on = true\n}")])
    shop.write({"main.tf": 'resource "aws_x" "a" { name = "a" }\n'})
    (finding,) = shop.lint(one).findings
    assert finding.fix.safety == "shown"
