//! Which addresses are out in the open, and which are somebody's own network.
//!
//! IPv6 is decided by what is allocated to the public (`2000::/3`, less its special parts), not by a list of what isn't:
//! what nobody thought of is then not reached. Addresses that carry an IPv4 address (mapped, compatible, NAT64, 6to4,
//! Teredo) are never public: a network might take them to anywhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Anybody's.
    Public,
    /// Reached only where the operator granted it; the word says what it is.
    Private(&'static str),
    /// Where clouds hand credentials to their machines. Never reached.
    Metadata,
}

/// Where clouds answer for a machine's own credentials: AWS (instances, containers, pods, name service), Azure's wire
/// server, Alibaba, Oracle, Scaleway, Google.
const METADATA: [IpAddr; 12] = [
    v4(169, 254, 169, 254),
    v4(169, 254, 169, 253),
    v4(169, 254, 170, 2),
    v4(169, 254, 170, 23),
    v4(169, 254, 42, 42),
    v4(168, 63, 129, 16),
    v4(100, 100, 100, 200),
    v4(192, 0, 0, 192),
    v6(0xfd00_0ec2_0000_0000_0000_0000_0000_0254),
    v6(0xfd00_0ec2_0000_0000_0000_0000_0000_0023),
    v6(0xfd00_0042_0000_0000_0000_0000_0000_0042),
    v6(0xfd20_00ce_0000_0000_0000_0000_0000_0254),
];

const fn v4(a: u8, b: u8, c: u8, d: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

const fn v6(address: u128) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from_bits(address))
}

/// What `address` is.
pub(crate) fn reach(address: IpAddr) -> Reach {
    let embedded = match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(address) => embedded(address),
    };
    let is_metadata = |address| METADATA.contains(&address);
    if is_metadata(address) || embedded.is_some_and(|(inner, _)| is_metadata(inner.into())) {
        return Reach::Metadata;
    }
    let private = match address {
        IpAddr::V4(address) => private_v4(address),
        IpAddr::V6(address) => embedded
            .map(|(_, what)| what)
            .or_else(|| private_v6(address)),
    };
    private.map_or(Reach::Public, Reach::Private)
}

/// IANA's registry of special IPv4 addresses (RFC 6890).
fn private_v4(address: Ipv4Addr) -> Option<&'static str> {
    match address.octets() {
        [0, ..] => Some("unspecified"),
        [127, ..] => Some("loopback"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Some("private"),
        [100, 64..=127, ..] => Some("shared (carrier-grade NAT)"),
        [169, 254, ..] => Some("link-local"),
        [192, 0, 0, _] => Some("reserved for protocols"),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Some("for documentation"),
        [192, 88, 99, _] => Some("6to4 relay"),
        [198, 18..=19, ..] => Some("for benchmarks"),
        [224..=239, ..] => Some("multicast"),
        [255, 255, 255, 255] => Some("broadcast"),
        [240..=255, ..] => Some("reserved"),
        _ => None,
    }
}

/// IANA's registry of special IPv6 addresses. Addresses that carry an IPv4 address are told apart before.
fn private_v6(address: Ipv6Addr) -> Option<&'static str> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("loopback"),
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("unspecified"),
        [0xfe80..=0xfebf, ..] => Some("link-local"),
        [0xfec0..=0xfeff, ..] => Some("site-local"),
        [0xfc00..=0xfdff, ..] => Some("private (unique local)"),
        [0xff00..=0xffff, ..] => Some("multicast"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Some("for documentation"),
        [0x2001, 0..=0x1ff, ..] => Some("reserved for protocols"),
        [0x2000..=0x3fff, ..] => None,
        _ => Some("not allocated to the public"),
    }
}

/// The IPv4 address that an IPv6 address carries, and by which scheme.
fn embedded(address: Ipv6Addr) -> Option<(Ipv4Addr, &'static str)> {
    let from = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] => Some((from(high, low), "IPv4-mapped")),
        [0, 0, 0, 0, 0xffff, 0, high, low] => Some((from(high, low), "IPv4-translated")),
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0, high, low] => Some((from(high, low), "IPv4-compatible")),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x64, 0xff9b, 1, _, _, _, high, low] => {
            Some((from(high, low), "NAT64"))
        }
        [0x2002, high, low, ..] => Some((from(high, low), "6to4")),
        // RFC 4380: the client's address is written inverted.
        [0x2001, 0, _, _, _, _, high, low] => Some((from(!high, !low), "Teredo")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Reach {
        reach(text.parse().expect("an address"))
    }

    #[test]
    fn public_addresses_are_public() {
        for text in [
            "8.8.8.8",
            "1.1.1.1",
            "104.18.7.192",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.255.255",
            "100.128.0.1",
        ] {
            assert_eq!(of(text), Reach::Public, "{text}");
        }
        for text in [
            "2606:4700::6812:7c0",
            "2a00:1450:4001::200e",
            "2001:4860:4860::8888",
            "2001:200::1",
        ] {
            assert_eq!(of(text), Reach::Public, "{text}");
        }
    }

    #[test]
    fn no_special_address_is_public() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.1.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd12:3456::1",
            "ff02::1",
            "2001:db8::1",
            "3fff::1",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "100::1",
            "5f00::1",
            "4000::1",
            "::ffff:8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:0:127.0.0.1",
            "::127.0.0.1",
            "::8.8.8.8",
            "64:ff9b::8.8.8.8",
            "64:ff9b::7f00:1",
            "64:ff9b:1::a00:1",
            "64:ff9b:1:2:3:4:a00:1",
            "2002:7f00:1::",
            "2002:808:808::1",
            "2001::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        ] {
            assert!(
                matches!(of(text), Reach::Private(_)),
                "{text}: {:?}",
                of(text)
            );
        }
    }

    #[test]
    fn metadata_is_found_in_every_disguise() {
        for text in [
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "168.63.129.16",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "2001:0:4136:e378:8000:63bf:5601:5601",
        ] {
            assert_eq!(of(text), Reach::Metadata, "{text}");
        }
    }
}
