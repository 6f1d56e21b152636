//! Which addresses may be spoken to at all.
use super::error::NetError;
use url::{Host, Url};

/// Whether a host is this very machine: a loopback address, or the name `localhost`.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

/// The host of an address, as shown in messages.
pub(super) fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

/// Accepts `encrypted` anywhere and `plain` on loopback only.
///
/// # Errors
/// [`NetError::Address`] for another scheme, a missing host or credentials inside the address (they would be printed
/// wherever the address is), [`NetError::PlainText`] for an unencrypted address elsewhere.
pub(super) fn check(url: &Url, encrypted: &str, plain: &str) -> Result<(), NetError> {
    if url.host().is_none() {
        return Err(NetError::Address("it has no host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(NetError::Address("it holds a user name or a password"));
    }
    if url.scheme() == encrypted || (url.scheme() == plain && is_loopback(url)) {
        return Ok(());
    }
    if url.scheme() == plain {
        return Err(NetError::PlainText {
            host: host(url).to_owned(),
        });
    }
    Err(NetError::Address("its scheme is not supported"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(address: &str) -> Result<(), NetError> {
        check(&Url::parse(address).unwrap(), "https", "http")
    }

    #[test]
    fn plain_text_stays_on_this_machine() {
        for fine in [
            "https://api.example.com/v2",
            "http://127.0.0.1:8080/",
            "http://127.9.9.9/",
            "http://[::1]:9/",
            "http://localhost:1/",
        ] {
            assert_eq!(verdict(fine), Ok(()), "{fine}");
        }
        for refused in [
            "http://api.example.com/",
            "http://127.0.0.1.example.com/",
            "http://localhost.example.com/",
            "http://10.0.0.1/",
            "http://0.0.0.0/",
            "http://[::ffff:10.0.0.1]/",
        ] {
            assert!(
                matches!(verdict(refused), Err(NetError::PlainText { .. })),
                "{refused}"
            );
        }
    }

    #[test]
    fn odd_addresses_are_refused() {
        for odd in [
            "ftp://127.0.0.1/",
            "wss://example.com/",
            "https://user:secret@example.com/",
            "file:///etc/passwd",
        ] {
            assert!(matches!(verdict(odd), Err(NetError::Address(_))), "{odd}");
        }
    }
}
