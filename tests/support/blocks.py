"""Finding a block of a project."""


def block_of(project, address):
    """Return the block of an address."""
    (found,) = [block for module in project.modules for block in module.blocks if block.address == address]
    return found
