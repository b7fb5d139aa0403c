//! Whose request it is: the peer's address, or the one that a trusted proxy tells.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::{
    extract::{ConnectInfo, Request},
    http::HeaderMap,
};
use ipnet::IpNet;

/// The address of the visitor; nothing when the request did not come over a socket.
///
/// SECURITY: `X-Forwarded-For` is believed only as far as it was written by trusted proxies: it is read
/// from the end, and the first address that is no proxy's is the visitor.
pub fn address(request: &Request, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>()?.0.ip();
    Some(behind_proxies(peer, request.headers(), trusted))
}

fn behind_proxies(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let peer = peer.to_canonical();
    if !is_trusted(&peer) {
        return peer;
    }
    let told: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let mut last = peer;
    for text in told.into_iter().rev() {
        let Ok(address) = text.parse::<IpAddr>() else { break };
        last = address.to_canonical();
        if !is_trusted(&last) {
            break;
        }
    }
    last
}

/// What counts as one visitor: an IPv4 address, or the /64 that an IPv6 host may choose from.
pub fn household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visitor(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let trusted = ["127.0.0.0/8".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        behind_proxies(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_stranger_cannot_say_who_he_is() {
        assert_eq!(visitor("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(visitor("127.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(visitor("127.0.0.1", &["1.1.1.1, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(visitor("127.0.0.1", &["1.1.1.1", "198.51.100.7, 10.0.0.2"]), "198.51.100.7");
        assert_eq!(visitor("::ffff:127.0.0.1", &["2001:db8::1"]), "2001:db8::1");
    }

    #[test]
    fn nonsense_from_a_proxy_ends_the_chain() {
        assert_eq!(visitor("127.0.0.1", &["8.8.8.8, unknown"]), "127.0.0.1");
        assert_eq!(visitor("127.0.0.1", &[]), "127.0.0.1");
    }

    #[test]
    fn an_ipv6_network_is_one_visitor() {
        let of = |text: &str| household(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("192.0.2.1"), "192.0.2.1");
    }
}
