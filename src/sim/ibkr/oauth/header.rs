//! The `Authorization` header of a signed request, and the text that its signature is of.

use super::super::answer::Reply;
use super::super::query::Query;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::request::Parts;

/// The header's fields.
#[derive(Debug)]
pub(super) struct Signed {
    realm: String,
    fields: Vec<(String, String)>,
    signature: Vec<u8>,
}

/// 401 as the provider refuses what is signed wrong.
pub(super) fn refused(why: &str) -> Reply {
    let words = format!("id: 92177, error: {why}");
    Reply::coded(StatusCode::UNAUTHORIZED, words)
}

impl Signed {
    pub(super) fn read(head: &Parts) -> Result<Self, Reply> {
        let header = head.headers.get(AUTHORIZATION);
        let header = header.and_then(|value| value.to_str().ok()?.strip_prefix("OAuth "));
        let header = header.ok_or_else(|| refused("invalid authorization header"))?;
        let field = |part: &str| {
            let (name, value) = part.trim().split_once('=')?;
            let value = value.strip_prefix('"')?.strip_suffix('"')?;
            Some((name.to_owned(), decoded(value)))
        };
        let fields: Option<Vec<(String, String)>> = header.split(',').map(field).collect();
        let mut fields = fields.ok_or_else(|| refused("invalid authorization header"))?;
        let mut take = |name: &str| {
            let place = fields.iter().position(|(key, _)| key == name);
            place.map(|place| fields.remove(place).1)
        };
        let realm = take("realm").unwrap_or_default();
        let signature = take("oauth_signature").unwrap_or_default();
        Ok(Self {
            realm,
            fields,
            signature: STANDARD.decode(signature).unwrap_or_default(),
        })
    }

    pub(super) fn realm(&self) -> &str {
        &self.realm
    }

    pub(super) fn signature(&self) -> &[u8] {
        &self.signature
    }

    pub(super) fn get(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// What is signed: method, address, and every parameter in order.
    pub(super) fn base(&self, head: &Parts, form: &[u8]) -> String {
        let host = head.headers.get(HOST).and_then(|host| host.to_str().ok());
        let path = head.uri.path();
        let address = format!("http://{}{path}", host.unwrap_or_default());
        let mut parameters = self.fields.clone();
        let query = Query::parse(head.uri.query().unwrap_or_default());
        parameters.extend_from_slice(query.pairs());
        let kind = head.headers.get(CONTENT_TYPE);
        let is_form = kind.is_some_and(|kind| {
            let kind = kind.as_bytes();
            kind.starts_with(b"application/x-www-form-urlencoded")
        });
        if is_form {
            let form = Query::parse(&String::from_utf8_lossy(form));
            parameters.extend_from_slice(form.pairs());
        }
        parameters.sort();
        let pairs: Vec<String> = parameters
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        format!(
            "{}&{}&{}",
            head.method,
            quoted(&address),
            quoted(&pairs.join("&"))
        )
    }
}

/// A text as Python's `quote_plus` escapes it.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => {
                quoted.push(byte.into());
            }
            b' ' => quoted.push('+'),
            _ => quoted.push_str(&format!("%{byte:02X}")),
        }
    }
    quoted
}

/// A header's value with its percent signs resolved; a `+` is one.
fn decoded(value: &str) -> String {
    let escaped = format!("value={}", value.replace('+', "%2B"));
    let mut pairs = url::form_urlencoded::parse(escaped.as_bytes());
    let pair = pairs.next();
    pair.map_or_else(String::new, |(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    #[test]
    fn the_base_string_is_the_manual_s() {
        let request = Request::builder()
            .method("GET")
            .uri("/v1/api/iserver/marketdata/snapshot?fields=31,84&conids=265598")
            .header("Host", "api.example")
            .header(
                "Authorization",
                "OAuth realm=\"limited_poa\", oauth_nonce=\"n\", oauth_signature=\"YQ%3D%3D\", \
                 oauth_token=\"t\"",
            );
        let (head, ()) = request.body(()).unwrap().into_parts();
        let signed = Signed::read(&head).unwrap();
        assert_eq!(
            (signed.realm(), signed.get("oauth_token")),
            ("limited_poa", "t")
        );
        assert_eq!(signed.signature(), b"a");
        assert_eq!(
            signed.base(&head, b""),
            "GET&http%3A%2F%2Fapi.example%2Fv1%2Fapi%2Fiserver%2Fmarketdata%2Fsnapshot&\
             conids%3D265598%26fields%3D31%2C84%26oauth_nonce%3Dn%26oauth_token%3Dt"
        );
        assert_eq!(quoted("a b~/+"), "a+b~%2F%2B");
    }
}
