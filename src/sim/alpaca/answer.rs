//! What goes back: bodies, the documented error bodies, numbers and times as the provider writes them.

use crate::domain::{Symbol, Timestamp};
use crate::sim::calendar::Calendar;
use crate::sim::market::Market;
use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// A body and its status.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: String,
}

/// A refusal as the provider words it: `{"code":…,"message":…}` and, with some, more.
#[derive(Debug, PartialEq)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    pub(super) code: u32,
    pub(super) message: String,
    pub(super) extra: Map<String, Value>,
}

pub(super) type Answer = Result<Reply, ApiError>;

/// 200 with a body.
pub(super) fn ok(body: &Value) -> Answer {
    Ok(Reply {
        status: StatusCode::OK,
        body: body.to_string(),
    })
}

/// 200 with a body that is text already.
pub(super) fn text(body: String) -> Answer {
    Ok(Reply {
        status: StatusCode::OK,
        body,
    })
}

/// 207: one status for each part.
pub(super) fn multi(parts: Vec<Value>) -> Answer {
    Ok(Reply {
        status: StatusCode::MULTI_STATUS,
        body: Value::Array(parts).to_string(),
    })
}

/// 204.
pub(super) fn nothing() -> Answer {
    Ok(Reply {
        status: StatusCode::NO_CONTENT,
        body: String::new(),
    })
}

impl ApiError {
    pub(super) fn new(status: StatusCode, code: u32, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            extra: Map::new(),
        }
    }

    /// 422 for a parameter that is not recognised or not allowed.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, 40_010_001, message)
    }

    /// 422 for something the order's state or prices do not allow.
    pub(super) fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, 42_210_000, message)
    }

    /// 403.
    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, 40_310_000, message)
    }

    /// 404.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, 40_410_000, message)
    }

    /// 401.
    pub(super) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, 40_110_000, message)
    }

    /// What the provider says with a status, whatever the cause.
    pub(super) fn of_status(status: StatusCode) -> Self {
        let message = match status.as_u16() {
            401 => "request is not authorized",
            403 => "forbidden",
            404 => "not found",
            429 => "rate limit exceeded",
            500.. => "internal server error occurred",
            _ => "refused",
        };
        let code = match status.as_u16() {
            500.. => 50_010_000,
            other => u32::from(other) * 100_000 + 10_000,
        };
        Self::new(status, code, message)
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn body(&self) -> Value {
        let mut body = self.extra.clone();
        body.insert("code".to_owned(), self.code.into());
        body.insert("message".to_owned(), self.message.as_str().into());
        Value::Object(body)
    }
}

impl From<ApiError> for Reply {
    fn from(error: ApiError) -> Self {
        Self {
            status: error.status,
            body: error.body().to_string(),
        }
    }
}

impl From<Reply> for Response<Body> {
    fn from(reply: Reply) -> Self {
        let mut response = Self::new(Body::from(reply.body));
        *response.status_mut() = reply.status;
        if reply.status != StatusCode::NO_CONTENT {
            let json = HeaderValue::from_static("application/json; charset=UTF-8");
            response.headers_mut().insert(CONTENT_TYPE, json);
        }
        response
    }
}

/// A decimal as the trading API writes it: a string without needless zeros.
pub(super) fn decimal(number: Decimal) -> Value {
    number.normalize().to_string().into()
}

/// An amount of money: a string of at most four places.
pub(super) fn money(amount: Decimal) -> Value {
    decimal(amount.round_dp(4))
}

/// A fraction such as a percentage change: a string of at most ten places.
pub(super) fn fraction(part: Decimal, whole: Decimal) -> Value {
    decimal(
        part.checked_div(whole.abs())
            .unwrap_or_default()
            .round_dp(10),
    )
}

/// A decimal or null.
pub(super) fn maybe(number: Option<Decimal>) -> Value {
    number.map_or(Value::Null, decimal)
}

/// A time or null.
pub(super) fn moment(time: Option<Timestamp>) -> Value {
    time.map_or(Value::Null, |time| time.to_string().into())
}

/// A time with New York's offset, to the second, as the clock writes it.
pub(super) fn new_york(calendar: &Calendar, time: Timestamp) -> Value {
    time.in_zone(calendar.zone())
        .strftime("%Y-%m-%dT%H:%M:%S%:z")
        .to_string()
        .into()
}

/// The id under which a symbol's asset is known; the same in every run.
pub(super) fn asset_id(symbol: &Symbol) -> Uuid {
    let half = |start: u64| {
        symbol.as_str().bytes().fold(start, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
    };
    let bytes = [half(0xcbf2_9ce4_8422_2325), half(0x9ae1_6a3b_2f90_404f)];
    let mut all = [0; 16];
    all[..8].copy_from_slice(&bytes[0].to_be_bytes());
    all[8..].copy_from_slice(&bytes[1].to_be_bytes());
    uuid::Builder::from_random_bytes(all).into_uuid()
}

/// A listing by symbol or by asset id.
pub(super) fn find_asset(market: &Market, name: &str) -> Option<usize> {
    market.find(&Symbol::new(name)).or_else(|| {
        let id: Uuid = name.parse().ok()?;
        market
            .listings()
            .iter()
            .position(|listing| asset_id(&listing.symbol) == id)
    })
}

/// The part of a 207 answer for one thing.
pub(super) fn part(key: &str, name: impl Into<Value>, reply: &Answer) -> Value {
    let (status, body) = match reply {
        Ok(reply) => (
            reply.status,
            serde_json::from_str(&reply.body).unwrap_or(Value::Null),
        ),
        Err(error) => (error.status, error.body()),
    };
    let mut part = json!({"status": status.as_u16(), "body": body});
    part[key] = name.into();
    part
}
