//! What goes back: bodies, the provider's many error shapes, numbers and times as it writes them.

use crate::domain::Timestamp;
use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// A body, its kind and its status.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    status: StatusCode,
    kind: &'static str,
    body: String,
}

pub(super) type Answer = Result<Reply, Reply>;

/// 200 with JSON.
pub(super) fn ok(body: &Value) -> Answer {
    Ok(Reply::json(StatusCode::OK, body))
}

/// 200 with a text that is not JSON.
pub(super) fn plain(words: &str) -> Answer {
    Ok(Reply {
        status: StatusCode::OK,
        kind: "text/plain",
        body: words.to_owned(),
    })
}

/// 200 with an error: how orders are refused.
pub(super) fn declined(words: impl Into<String>) -> Reply {
    Reply::json(StatusCode::OK, &json!({"error": words.into()}))
}

impl Reply {
    pub(super) fn json(status: StatusCode, body: &Value) -> Self {
        Self {
            status,
            kind: "application/json",
            body: body.to_string(),
        }
    }

    pub(super) fn html(status: StatusCode, body: String) -> Self {
        Self {
            status,
            kind: "text/html",
            body,
        }
    }

    /// `{"error":…}` alone.
    pub(super) fn error(status: StatusCode, words: impl Into<String>) -> Self {
        Self::json(status, &json!({"error": words.into()}))
    }

    /// `{"error":…,"statusCode":…}`.
    pub(super) fn coded(status: StatusCode, words: impl Into<String>) -> Self {
        let body = json!({"error": words.into(), "statusCode": status.as_u16()});
        Self::json(status, &body)
    }

    /// 400 with the words that the provider puts before its reasons.
    pub(super) fn bad_request(words: &str) -> Self {
        Self::coded(StatusCode::BAD_REQUEST, format!("Bad Request: {words}"))
    }

    /// 401 of a session that ended.
    pub(super) fn not_authenticated() -> Self {
        Self::coded(StatusCode::UNAUTHORIZED, "not authenticated")
    }

    /// What the provider says with a status, whatever the cause.
    pub(super) fn of_status(status: StatusCode) -> Self {
        let words = match status.as_u16() {
            401 => return Self::not_authenticated(),
            410 => "Gone",
            429 => "Too many requests",
            503 => "Service Unavailable",
            500.. => "Internal server error",
            _ => status.canonical_reason().unwrap_or("error"),
        };
        Self::coded(status, words)
    }
}

impl From<Reply> for Response<Body> {
    fn from(reply: Reply) -> Self {
        let mut response = Response::new(Body::from(reply.body));
        *response.status_mut() = reply.status;
        let kind = HeaderValue::from_static(reply.kind);
        response.headers_mut().insert(CONTENT_TYPE, kind);
        response
    }
}

/// A JSON number with a point in it, as a Java program writes its doubles: `10.0`.
pub(super) fn float(number: Decimal) -> Value {
    serde_json::from_str(&text(number)).unwrap_or(Value::Null)
}

/// An amount of money as a number.
pub(super) fn money(number: Decimal) -> Value {
    float(number.round_dp(2))
}

/// A number as a text with at least one decimal: `10.0`.
pub(super) fn text(number: Decimal) -> String {
    let number = number.round_dp(13).normalize();
    match number.scale() {
        0 => format!("{number}.0"),
        _ => number.to_string(),
    }
}

/// A price as a text with two decimals or, of fractions of a cent, four.
pub(super) fn price(number: Decimal) -> String {
    match number.round_dp(2) == number {
        true => format!("{number:.2}"),
        false => format!("{number:.4}"),
    }
}

/// A whole amount with commas: `1,005,254`.
pub(super) fn grouped(number: Decimal) -> String {
    let digits = format!("{:.0}", number.abs().round());
    let mut written = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    match number.round() < Decimal::ZERO {
        true => format!("-{written}"),
        false => written,
    }
}

/// A moment in UTC by a pattern of `strftime`.
pub(super) fn utc(time: Timestamp, pattern: &str) -> String {
    time.in_zone(&TimeZone::UTC).strftime(pattern).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_provider_writes_them() {
        let number = |text: &str| text.parse::<Decimal>().unwrap();
        assert_eq!(float(number("10")).to_string(), "10.0");
        assert_eq!(
            float(number("584.3133333333333333")).to_string(),
            "584.3133333333333"
        );
        assert_eq!(price(number("12.5")), "12.50");
        assert_eq!(price(number("0.1234")), "0.1234");
        for (given, expected) in [
            ("1005254.4", "1,005,254"),
            ("-999.9", "-1,000"),
            ("12", "12"),
            ("0", "0"),
        ] {
            assert_eq!(grouped(number(given)), expected);
        }
    }
}
