//! A secret that a server repeats is taken out of what it said before anybody reads it: words of a refusal are shown
//! on screens and kept in logs.

use url::form_urlencoded;

/// What stands in its place.
const HIDDEN: &str = "[hidden]";

/// Shorter ones are left where they are: they would be found in any text.
const SHORTEST: usize = 6;

/// The text without any of the secrets, as they are, as JSON writes them and as addresses do; `None` where none of
/// them is in it.
pub fn hide<'s>(text: &[u8], secrets: impl IntoIterator<Item = &'s str>) -> Option<Vec<u8>> {
    let mut changed = None;
    for secret in secrets.into_iter().filter(|it| it.len() >= SHORTEST) {
        for spelling in spellings(secret) {
            let before = changed.as_deref().unwrap_or(text);
            if let Some(after) = without(before, spelling.as_bytes()) {
                changed = Some(after);
            }
        }
    }
    changed
}

fn spellings(secret: &str) -> [String; 4] {
    let json = serde_json::Value::from(secret).to_string();
    let json = json[1..json.len() - 1].to_owned();
    let slashed = json.replace('/', "\\/");
    let address = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    [secret.to_owned(), json, slashed, address]
}

fn without(text: &[u8], secret: &[u8]) -> Option<Vec<u8>> {
    let mut left = text;
    let mut changed = Vec::new();
    while let Some(at) = position(left, secret) {
        changed.extend_from_slice(&left[..at]);
        changed.extend_from_slice(HIDDEN.as_bytes());
        left = &left[at + secret.len()..];
    }
    if left.len() == text.len() {
        return None;
    }
    changed.extend_from_slice(left);
    Some(changed)
}

fn position(text: &[u8], secret: &[u8]) -> Option<usize> {
    text.windows(secret.len()).position(|it| it == secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str, secrets: &[&str]) -> Option<String> {
        let hidden = hide(text.as_bytes(), secrets.iter().copied());
        hidden.map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn every_spelling_of_every_secret_goes_wherever_it_stands() {
        let secrets = ["PKABCDEF", "a/b\"c%d"];
        let said =
            r#"PKABCDEF:a/b"c%d {"k":"a/b\"c%d","l":"a\/b\"c%d"} ?s=a%2Fb%22c%25d&t=PKABCDEF"#;
        assert_eq!(
            hidden(said, &secrets).unwrap(),
            r#"[hidden]:[hidden] {"k":"[hidden]","l":"[hidden]"} ?s=[hidden]&t=[hidden]"#
        );
    }

    #[test]
    fn what_repeats_no_secret_stays_as_it_is() {
        assert_eq!(hidden("insufficient buying power", &["PKABCDEF"]), None);
        assert_eq!(hidden("", &["PKABCDEF"]), None);
        assert_eq!(hidden("a short one would be anywhere", &["short"]), None);
    }
}
