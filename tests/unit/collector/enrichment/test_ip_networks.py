"""Sets of networks answer as Python's own networks do."""

from ipaddress import ip_address, ip_network

from hypothesis import given
from hypothesis import strategies as st

from collector.enrichment.ip_networks import Networks

NETWORKS = st.one_of(
    st.tuples(st.ip_addresses(v=4), st.integers(0, 32)), st.tuples(st.ip_addresses(v=6), st.integers(0, 128))
).map(lambda given: str(ip_network(f"{given[0]}/{given[1]}", strict=False)))


@given(st.lists(NETWORKS, max_size=5), st.ip_addresses())
def test_an_address_is_held_by_the_networks_that_contain_it(networks: list[str], address: object) -> None:
    parsed = ip_address(str(address))
    contained = getattr(parsed, "ipv4_mapped", None) or parsed
    expected = any(contained in ip_network(network) for network in networks)
    assert Networks(networks).hold(str(address)) is expected
    assert bool(Networks(networks)) is bool(networks)


@given(NETWORKS)
def test_a_network_holds_its_first_and_last_address_and_no_neighbour(network: str) -> None:
    known, held = ip_network(network), Networks([network])
    for edge in (known[0], known[-1]):
        # An IPv4 address written as IPv6 belongs to networks of IPv4 only, although `::/80` covers such addresses.
        if getattr(edge, "ipv4_mapped", None) is None:
            assert held.hold(str(edge))
    after = int(known[-1]) + 1
    if after < 2**known.max_prefixlen and known.version == 4:
        assert not held.hold(str(ip_address(after)))


def test_text_that_is_no_address_is_held_by_none() -> None:
    everything = Networks(["0.0.0.0/0", "::/0"])
    assert not any(everything.hold(text) for text in ("", "rubbish", "1.2.3", "1.2.3.4.5", "::g", "١.٢.٣.٤"))
    assert everything.hold(" fe80::1%eth0 ")
