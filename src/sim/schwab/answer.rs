//! What goes back: bodies, the error bodies of both APIs and of the gateway before them, numbers and
//! times as the provider writes them.

use super::site::Api;
use crate::domain::Timestamp;
use axum::body::Body;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Response, StatusCode};
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

/// A body and its status.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: String,
    /// Where what was made is found.
    pub(super) location: Option<String>,
}

/// A refusal; which words it is written in depends on the API that refuses.
#[derive(Debug, PartialEq)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    pub(super) details: Vec<String>,
    /// The header or parameter that is wrong, where the market data API names it.
    pub(super) source: Option<(&'static str, String)>,
    /// Whether the gateway refuses, before any API is asked.
    pub(super) gateway: bool,
}

pub(super) type Answer = Result<Reply, ApiError>;

/// 200 with a body.
pub(super) fn ok(body: &Value) -> Answer {
    Ok(Reply {
        status: StatusCode::OK,
        body: body.to_string(),
        location: None,
    })
}

/// 200 with nothing in it.
pub(super) fn empty() -> Answer {
    Ok(Reply {
        status: StatusCode::OK,
        body: String::new(),
        location: None,
    })
}

/// 201 with nothing in it but the way to what was made.
pub(super) fn created(location: String) -> Answer {
    Ok(Reply {
        status: StatusCode::CREATED,
        body: String::new(),
        location: Some(location),
    })
}

impl ApiError {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            details: vec![detail.into()],
            source: None,
            gateway: false,
        }
    }

    /// 400.
    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 400 for a parameter.
    pub(super) fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Self {
            source: Some(("parameter", name.to_owned())),
            ..Self::invalid(detail)
        }
    }

    /// 404.
    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 401 for a token that is missing, unknown or too old.
    pub(super) fn unauthorized() -> Self {
        Self {
            source: Some(("header", "Authorization".to_owned())),
            ..Self::new(StatusCode::UNAUTHORIZED, "Client not authorized")
        }
    }

    /// What the provider says with a status, whatever the cause.
    pub(super) fn of_status(status: StatusCode) -> Self {
        let detail = match status.as_u16() {
            401 => return Self::unauthorized(),
            403 => "Forbidden",
            404 => "Resource not found",
            429 => {
                // Apigee's own words for a quota that is used up; the provider documents none.
                return Self {
                    gateway: true,
                    ..Self::new(status, "Rate limit quota violation. Quota limit exceeded.")
                };
            }
            500.. => "Internal server error",
            _ => "Request refused",
        };
        Self::new(status, detail)
    }

    /// The body, in the words of an API.
    pub(super) fn body(&self, api: Api, id: Uuid) -> Value {
        if self.gateway {
            return json!({"fault": {
                "faultstring": self.details.join(" "),
                "detail": {"errorcode": "policies.ratelimit.QuotaViolation"},
            }});
        }
        // A token that opens nothing is refused in the same words everywhere.
        if api == Api::Trader && self.status != StatusCode::UNAUTHORIZED {
            return json!({"message": self.details[0], "errors": self.details});
        }
        let number = self.status.as_u16();
        let status = match number {
            400 => Value::from(number.to_string()),
            _ => Value::from(number),
        };
        let title = self.status.canonical_reason().unwrap_or_default();
        let errors = self.details.iter().map(|detail| {
            let mut error =
                json!({"id": id.to_string(), "status": status, "title": title, "detail": detail});
            if let Some((kind, name)) = &self.source {
                error["source"] = json!({*kind: name});
            }
            error
        });
        json!({"errors": errors.collect::<Vec<_>>()})
    }
}

impl From<Reply> for Response<Body> {
    fn from(reply: Reply) -> Self {
        let has_body = !reply.body.is_empty();
        let mut response = Self::new(Body::from(reply.body));
        *response.status_mut() = reply.status;
        if has_body {
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
        }
        let location = reply.location.map(|text| HeaderValue::from_str(&text));
        if let Some(Ok(location)) = location {
            response.headers_mut().insert(LOCATION, location);
        }
        response
    }
}

/// A decimal as a JSON number; whole ones with `.0`, as the provider writes amounts.
pub(super) fn number(amount: Decimal) -> Value {
    let mut text = amount.normalize().to_string();
    if !text.contains('.') {
        text.push_str(".0");
    }
    serde_json::from_str(&text).expect("a decimal is a JSON number")
}

/// An amount of money: a number of at most two places.
pub(super) fn money(amount: Decimal) -> Value {
    number(amount.round_dp(2))
}

/// A part of a whole in percent, to at most eight places.
pub(super) fn percent(part: Decimal, whole: Decimal) -> Value {
    let ratio = part.checked_div(whole.abs()).unwrap_or_default();
    number((ratio * Decimal::ONE_HUNDRED).round_dp(8))
}

/// A number of units without needless places.
pub(super) fn whole(units: Decimal) -> Value {
    Value::from(i64::try_from(units.trunc()).unwrap_or_default())
}

/// A time as the trader API writes it: to the second, the offset without a colon.
pub(super) fn stamp(time: Timestamp) -> Value {
    stamp_text(time).into()
}

/// The same as text.
pub(super) fn stamp_text(time: Timestamp) -> String {
    let time = time.in_zone(&TimeZone::UTC);
    time.strftime("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        for (text, written) in [
            ("12.50", "12.5"),
            ("100", "100.0"),
            ("-0.0001", "-0.0001"),
            ("123456789.01", "123456789.01"),
        ] {
            let decimal: Decimal = text.parse().unwrap();
            assert_eq!(number(decimal).to_string(), written);
        }
    }

    #[test]
    fn errors_have_the_shape_of_their_api() {
        let error = ApiError::parameter("symbols", "missing");
        let id = Uuid::nil();
        assert_eq!(
            error.body(Api::Trader, id),
            json!({"message": "missing", "errors": ["missing"]})
        );
        let data = error.body(Api::Data, id);
        assert_eq!(data["errors"][0]["status"], "400");
        assert_eq!(data["errors"][0]["source"]["parameter"], "symbols");
        let gone = ApiError::not_found("gone").body(Api::Data, id);
        assert_eq!(gone["errors"][0]["status"], 404);
        let stale = ApiError::unauthorized().body(Api::Trader, id);
        assert_eq!(stale["errors"][0]["title"], "Unauthorized");
        let busy = ApiError::of_status(StatusCode::TOO_MANY_REQUESTS);
        assert!(busy.body(Api::Trader, id)["fault"]["faultstring"].is_string());
    }

    #[test]
    fn times_have_an_offset_without_a_colon() {
        let time = Timestamp::parse("2026-11-24T15:00:00.123Z").unwrap();
        assert_eq!(stamp(time), "2026-11-24T15:00:00+0000");
    }
}
