"""Functions of IP address ranges."""

from __future__ import annotations

import ipaddress
from typing import Final, TypeAlias

from opslint.read.evaluate.functions.signature import Function
from opslint.read.evaluate.values import EvalError, TypedList, Value, to_int, to_text

_Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


def _network(prefix: Value) -> _Network:
    text = to_text(prefix)
    if "/" not in text:
        raise EvalError("not a CIDR range")
    return ipaddress.ip_network(text, strict=False)


def _subnet(prefix: Value, bits: Value, index: Value) -> str:
    net = _network(prefix)
    new, position = net.prefixlen + to_int(bits), to_int(index)
    if not net.prefixlen <= new <= net.max_prefixlen or not 0 <= position < 1 << (new - net.prefixlen):
        raise EvalError("out of the range of the prefix")
    return _written(net, int(net.network_address) + (position << (net.max_prefixlen - new)), new)


def _subnets(prefix: Value, *bits: Value) -> TypedList:
    net = _network(prefix)
    start, out = int(net.network_address), TypedList()
    for item in bits:
        new = net.prefixlen + to_int(item)
        if not net.prefixlen < new <= net.max_prefixlen:
            raise EvalError("out of the range of the prefix")
        size = 1 << (net.max_prefixlen - new)
        start = (start + size - 1) // size * size
        if start + size - 1 > int(net.broadcast_address):
            raise EvalError("not enough addresses left")
        out.append(_written(net, start, new))
        start += size
    return out


def _written(net: _Network, address: int, length: int) -> str:
    kind = ipaddress.IPv4Network if net.version == 4 else ipaddress.IPv6Network
    return str(kind((address, length)))


def _host(prefix: Value, index: Value) -> str:
    net, position = _network(prefix), to_int(index)
    first = int(net.network_address if position >= 0 else net.broadcast_address)
    address = first + position + (0 if position >= 0 else 1)
    if not int(net.network_address) <= address <= int(net.broadcast_address):
        raise EvalError("out of the range of the prefix")
    kind = ipaddress.IPv4Address if net.version == 4 else ipaddress.IPv6Address
    return str(kind(address))


def _netmask(prefix: Value) -> str:
    net = _network(prefix)
    if net.version != 4:
        raise EvalError("only IPv4 has netmasks")
    return str(net.netmask)


TABLE: Final[dict[str, Function]] = {
    "cidrhost": Function(_host),
    "cidrnetmask": Function(_netmask),
    "cidrsubnet": Function(_subnet),
    "cidrsubnets": Function(_subnets),
}
