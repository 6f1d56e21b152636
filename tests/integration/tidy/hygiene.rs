//! What keeps memory, keys and connections safe, and is one careless line away from being lost.

use super::source::{Source, files_below, has_word, root};
use super::{each, expect_none};
use std::fs;

/// The only file that may go around the compiler's checks: what holds secrets in memory.
const UNSAFE: &str = "vault/memory.rs";

/// Crates that would bring a second way to speak TLS.
const OTHER_TLS: [&str; 4] = ["aws-lc-rs", "native-tls", "openssl", "openssl-sys"];

/// Lints that must be denied, by their table in the manifest.
const DENIED: [(&str, &str); 2] = [("rust", "unsafe_code"), ("clippy", "unwrap_used")];

fn unsafe_code(source: &Source) -> Vec<String> {
    match has_word(&source.code, "unsafe") && source.path != UNSAFE {
        true => vec![format!("{}: `unsafe` is for {UNSAFE} alone", source.path)],
        false => vec![],
    }
}

/// The only file with a verifier of our own: it takes one certificate, by its hash, for one program on this machine.
const PINNED: &str = "src/net/tls/pinned.rs";

/// Certificates and host names are always checked, in tests as well: what a test does gets copied.
fn trust_without_proof(path: &str, text: &str) -> Vec<String> {
    let uses = text.matches(".dangerous()").count();
    let allowed = usize::from(path == PINNED);
    match text.contains("danger_accept") || uses > allowed {
        true => vec![format!("{path}: takes any certificate")],
        false => vec![],
    }
}

fn not_denied(manifest: &str) -> Vec<String> {
    let manifest: toml::Table = manifest.parse().unwrap();
    let level = |table: &str, lint: &str| manifest.get("lints")?.get(table)?.get(lint)?.as_str();
    DENIED
        .iter()
        .filter(|(table, lint)| level(table, lint) != Some("deny"))
        .map(|(_, lint)| format!("Cargo.toml: `{lint}` is not denied"))
        .collect()
}

fn other_tls(lock: &str) -> Vec<String> {
    let is_locked = |name: &&str| lock.contains(&format!("name = \"{name}\"\n"));
    OTHER_TLS
        .into_iter()
        .filter(is_locked)
        .map(|name| format!("Cargo.lock: `{name}` is a second way to speak TLS"))
        .collect()
}

#[test]
fn hygiene() {
    let root = root();
    let read = |name: &str| fs::read_to_string(root.join(name)).unwrap();
    let mut complaints = each(unsafe_code);
    complaints.extend(each(super::floats));
    complaints.extend(not_denied(&read("Cargo.toml")));
    complaints.extend(other_tls(&read("Cargo.lock")));
    let folders = ["src", "tests", "benches"].map(|it| files_below(&root.join(it)));
    for path in folders.concat() {
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        if name != "tests/integration/tidy/hygiene.rs" {
            let text = fs::read_to_string(&path).unwrap_or_default();
            complaints.extend(trust_without_proof(&name, &text));
        }
    }
    expect_none(complaints);
}

#[test]
fn hygiene_can_fail() {
    let unsafe_at = |path| unsafe_code(&Source::new(path, "unsafe { peek() }"));
    assert_eq!(unsafe_at("vault/memory.rs").len(), 0);
    assert_eq!(unsafe_at("net/socket.rs").len(), 1);
    let named = Source::new("net/a.rs", "// unsafe\nfn unsafe_at() {}");
    assert!(unsafe_code(&named).is_empty());
    let careless = "client.danger_accept_invalid_certs(true)";
    assert_eq!(trust_without_proof("a", careless).len(), 1);
    let own = "builder.dangerous()";
    assert_eq!(trust_without_proof(PINNED, own).len(), 0);
    assert_eq!(trust_without_proof(PINNED, &own.repeat(2)).len(), 1);
    assert_eq!(trust_without_proof("src/net/dial.rs", own).len(), 1);
    let denied = "[lints.rust]\nunsafe_code = \"deny\"\n[lints.clippy]\nunwrap_used = ";
    assert!(not_denied(&format!("{denied}\"deny\"")).is_empty());
    assert_eq!(not_denied(&format!("{denied}\"warn\"")).len(), 1);
    assert_eq!(not_denied("").len(), 2);
    assert_eq!(other_tls("name = \"openssl\"\nname = \"ring\"\n").len(), 1);
}
