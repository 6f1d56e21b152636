//! Reading JSON that somebody else wrote, within limits.
use serde::Deserialize;

/// How deep arrays and objects may nest.
pub const DEEPEST: usize = 32;
/// How long one string may be, in bytes as written.
pub const LONGEST_STRING: usize = 64 * 1024;

/// Why a text was not accepted as JSON of the expected shape. Carries the place, never the content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Nested deeper than [`DEEPEST`].
    #[error("nested deeper than {DEEPEST} levels")]
    TooDeep,
    /// A string longer than [`LONGEST_STRING`].
    #[error("a string is longer than {LONGEST_STRING} bytes")]
    StringTooLong,
    /// A list where an object belongs.
    #[error("a list came in the place of an object")]
    List,
    /// Not JSON, cut short, or not of the expected shape.
    #[error("unreadable at line {line}, column {column}")]
    Unreadable {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
}

/// Parses `text` into `T`; values may borrow from it.
///
/// # Errors
/// [`JsonError`] when a limit is passed or the shape is another.
pub fn parse<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, JsonError> {
    check_limits(text)?;
    serde_json::from_slice(text).map_err(|error| JsonError::Unreadable {
        line: error.line(),
        column: error.column(),
    })
}

/// Parses an object. A list in its place is refused: serde would take its items for the fields, in their order, and a
/// struct whose fields may all be missing would be read from any list.
///
/// # Errors
/// [`JsonError`] when a limit is passed, the shape is another, or it is no object.
pub fn parse_object<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, JsonError> {
    match text.trim_ascii_start().first() {
        Some(b'[') => Err(JsonError::List),
        _ => parse(text),
    }
}

/// One pass over the bytes before anything is built from them.
fn check_limits(text: &[u8]) -> Result<(), JsonError> {
    let mut depth = 0_usize;
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                if depth > DEEPEST {
                    return Err(JsonError::TooDeep);
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => skip_string(&mut bytes)?,
            _ => {}
        }
    }
    Ok(())
}

fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) -> Result<(), JsonError> {
    let mut length = 0_usize;
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return Ok(()),
            b'\\' => {
                bytes.next();
                length += 2;
            }
            _ => length += 1,
        }
        if length > LONGEST_STRING {
            return Err(JsonError::StringTooLong);
        }
    }
    Ok(()) // cut short: the parser says where
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::value::RawValue;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Order<'a> {
        id: &'a str,
    }

    #[test]
    fn depth_is_limited_even_where_it_would_be_ignored() {
        let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse::<&RawValue>(nested(32).as_bytes()).is_ok());
        assert!(matches!(
            parse::<&RawValue>(nested(33).as_bytes()),
            Err(JsonError::TooDeep)
        ));
        let brackets_in_text = format!("\"{}\"", "[".repeat(500));
        assert!(parse::<&str>(brackets_in_text.as_bytes()).is_ok());
    }

    #[test]
    fn a_string_is_limited() {
        let quoted = |length: usize| format!("\"{}\"", "x".repeat(length));
        assert!(parse::<&str>(quoted(LONGEST_STRING).as_bytes()).is_ok());
        assert_eq!(
            parse::<&str>(quoted(LONGEST_STRING + 1).as_bytes()),
            Err(JsonError::StringTooLong)
        );
    }

    #[test]
    fn an_escaped_quote_does_not_end_a_string() {
        let text = format!(r#""\"{}""#, "[".repeat(40));
        assert!(parse::<String>(text.as_bytes()).is_ok());
    }

    #[test]
    fn what_cannot_be_read_names_the_place_only() {
        let secret = br#"{"id": tok-secret}"#;
        let error = parse::<Order>(secret).unwrap_err();
        assert_eq!(error, JsonError::Unreadable { line: 1, column: 9 });
        assert!(!error.to_string().contains("secret"));
        assert!(parse::<Order>(br#"{"id":"1""#).is_err());
        assert!(parse::<Order>(b"<html>").is_err());
        assert!(parse::<f64>(b"NaN").is_err());
    }

    #[test]
    fn a_list_is_no_object() {
        assert!(parse_object::<Order>(br#" {"id":"1"}"#).is_ok());
        assert!(parse::<Order>(br#"["1"]"#).is_ok(), "serde alone takes it");
        assert_eq!(parse_object::<Order>(b"\n [\"1\"]"), Err(JsonError::List));
        assert!(parse_object::<Order>(b" ").is_err());
    }

    #[test]
    fn a_key_given_twice_is_refused() {
        assert!(parse::<Order>(br#"{"id":"1","id":"2"}"#).is_err());
    }
}
