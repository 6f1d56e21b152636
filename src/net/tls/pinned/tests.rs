use super::*;
use crate::net::http::Request;
use crate::net::tls::own_certificate;
use crate::net::transport::{Patience, Transport, WebTransport};
use rustls::ServerConfig;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use std::net::Ipv4Addr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A server on this machine with a certificate of its own, which answers `{}` to everything; another call is another
/// certificate.
async fn server() -> Url {
    let acceptor = own_certificate::acceptor(Ipv4Addr::LOCALHOST.into()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut asked = [0; 1024];
                let _ = stream.read(&mut asked).await;
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
                let _ = stream.write_all(answer).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    address.parse().unwrap()
}

fn pinned(url: &Url, fingerprint: Fingerprint) -> WebTransport {
    let pin = Pinned::new(url, fingerprint).unwrap();
    WebTransport::pinned(Patience::default(), pin).unwrap()
}

#[tokio::test]
async fn the_certificate_that_was_seen_is_taken_and_no_other() {
    let (ours, other) = (server().await, server().await);
    let seen = look_up(&ours).await.unwrap();
    let answer = pinned(&ours, seen).send(&Request::get(ours.clone())).await;
    assert_eq!(answer.unwrap().status, 200);

    let elsewhere = look_up(&other).await.unwrap();
    assert_ne!(seen, elsewhere);
    let refused = pinned(&other, seen).send(&Request::get(other)).await;
    let refused = refused.unwrap_err();
    let expected = NetError::OtherCertificate {
        host: "127.0.0.1".into(),
        found: elsewhere,
        pinned: seen,
    };
    assert_eq!(refused, expected);
    let told = refused.to_string();
    for part in [
        seen.to_string(),
        elsewhere.to_string(),
        "connect again".into(),
    ] {
        assert!(told.contains(&part), "{told}");
    }
    assert!(told.len() <= 256, "it is shown whole: {}", told.len());
}

#[tokio::test]
async fn a_pinned_transport_speaks_with_one_address_alone() {
    let ours = server().await;
    let seen = look_up(&ours).await.unwrap();
    let transport = pinned(&ours, seen);
    for address in [
        "https://127.0.0.1:1/",
        "https://example.com/",
        "http://127.0.0.1/",
    ] {
        let refused = transport
            .send(&Request::get(address.parse().unwrap()))
            .await;
        assert!(matches!(refused, Err(NetError::Address(_))), "{address}");
    }
}

#[tokio::test]
async fn a_websocket_is_reached_by_the_same_rule() {
    let (ours, other) = (server().await, server().await);
    let seen = look_up(&ours).await.unwrap();
    let dial = |url: &Url, fingerprint| {
        let mut url = url.clone();
        url.set_scheme("wss").unwrap();
        let dialer = Dialer::pinned(Pinned::new(&url, fingerprint).unwrap());
        async move { dialer.dial(&url).await.map(drop) }
    };
    assert_eq!(dial(&ours, seen).await, Ok(()));
    let refused = dial(&other, seen).await;
    assert!(matches!(refused, Err(NetError::OtherCertificate { .. })));
    let beyond = Dialer::pinned(Pinned::new(&ours, seen).unwrap());
    let refused = beyond.dial(&"wss://example.com/".parse().unwrap()).await;
    assert!(matches!(refused, Err(NetError::Address(_))));
}

#[test]
fn who_shows_the_certificate_without_its_key_is_refused() {
    let pair = || own_certificate::pair(Ipv4Addr::LOCALHOST.into()).unwrap();
    let ((certificate, _), (_, other_key)) = (pair(), pair());
    let url: Url = "https://127.0.0.1:5000/".parse().unwrap();
    let pin = Pinned::new(&url, Fingerprint::of(&certificate)).unwrap();
    let key = crypto::sign::any_supported_type(&other_key).unwrap();
    let stolen = CertifiedKey::new(vec![certificate], key);
    let provider = Arc::new(crypto::default_provider());
    let thief = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(stolen)));
    let mut client = rustls::ClientConnection::new(
        Arc::new(pin.client_config()),
        ServerName::try_from("127.0.0.1").unwrap(),
    )
    .unwrap();
    let mut server = rustls::ServerConnection::new(Arc::new(thief)).unwrap();
    let mut outcome = Ok(());
    for _ in 0..4 {
        let (mut out, mut back) = (Vec::new(), Vec::new());
        while client.wants_write() {
            client.write_tls(&mut out).unwrap();
        }
        server.read_tls(&mut out.as_slice()).unwrap();
        let _ = server.process_new_packets();
        while server.wants_write() {
            server.write_tls(&mut back).unwrap();
        }
        client.read_tls(&mut back.as_slice()).unwrap();
        if let Err(error) = client.process_new_packets() {
            outcome = Err(error);
            break;
        }
    }
    let bad = rustls::Error::InvalidCertificate(CertificateError::BadSignature);
    assert_eq!(outcome, Err(bad));
    assert!(client.is_handshaking());
}

#[test]
fn only_this_machine_can_be_pinned() {
    let fingerprint = Fingerprint([7; 32]);
    let verdict = |address: &str| Pinned::new(&address.parse().unwrap(), fingerprint).is_ok();
    for fine in [
        "https://localhost:5000/v1/api",
        "https://127.0.0.1:5000",
        "wss://[::1]:5000",
    ] {
        assert!(verdict(fine), "{fine}");
    }
    for refused in [
        "https://192.168.1.7:5000",
        "https://localhost.example.com:5000",
        "https://api.ibkr.com/v1/api",
        "http://localhost:5000",
    ] {
        assert!(!verdict(refused), "{refused}");
    }
}

#[test]
fn a_fingerprint_is_read_as_people_write_it() {
    let shown = Fingerprint([0xa5; 32]).to_string();
    assert_eq!(shown, ["a5a5a5a5"; 8].join(" "));
    let colons = ["A5"; 32].join(":");
    for text in [shown.as_str(), &colons, &"a5".repeat(32)] {
        assert_eq!(
            Fingerprint::parse(text),
            Some(Fingerprint([0xa5; 32])),
            "{text}"
        );
    }
    for odd in ["", "a5", &"g5".repeat(32), &"a5".repeat(33)] {
        assert_eq!(Fingerprint::parse(odd), None, "{odd}");
    }
}
