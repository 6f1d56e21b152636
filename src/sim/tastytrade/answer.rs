//! What goes back: envelopes, error bodies, numbers and times as the provider writes them.

use crate::domain::{Symbol, Timestamp};
use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// A body and its status.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: Value,
}

/// A refusal: `{"error":{"code":…,"message":…}}` and, with some, `errors`.
#[derive(Debug, PartialEq)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    pub(super) code: Value,
    pub(super) message: String,
    pub(super) errors: Vec<Value>,
}

pub(super) type Answer = Result<Reply, ApiError>;

/// 200 with one thing.
pub(super) fn ok(data: Value) -> Answer {
    Ok(Reply {
        status: StatusCode::OK,
        body: json!({"data": data}),
    })
}

/// 200 with a list that has no pages.
pub(super) fn items(items: Vec<Value>) -> Answer {
    ok(json!({"items": items}))
}

/// 201 with one thing.
pub(super) fn created(data: Value) -> Answer {
    let mut reply = ok(data)?;
    reply.status = StatusCode::CREATED;
    Ok(reply)
}

impl ApiError {
    pub(super) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            errors: Vec::new(),
        }
    }

    /// 400 for parameters that are missing or cannot be read.
    pub(super) fn validation(name: &str, reason: &str) -> Self {
        let mut error = Self::new(
            StatusCode::BAD_REQUEST,
            "validation_error",
            "Request validation failed",
        );
        error.errors = vec![json!({"domain": name, "reason": reason})];
        error
    }

    /// 403.
    pub(super) fn not_permitted() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "not_permitted",
            "User not permitted access",
        )
    }

    /// 404.
    pub(super) fn not_found() -> Self {
        Self::of_status(StatusCode::NOT_FOUND)
    }

    /// 422 for one of the checks before an order is taken.
    pub(super) fn preflight(code: &str, message: impl Into<String>) -> Self {
        let mut error = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "preflight_check_failure",
            "One or more preflight checks failed",
        );
        error.errors = vec![json!({"code": code, "message": message.into()})];
        error
    }

    /// What the provider says with a status, whatever the cause.
    pub(super) fn of_status(status: StatusCode) -> Self {
        let (code, message) = match status.as_u16() {
            401 => ("unauthorized", "The access token is invalid or has expired"),
            403 => ("not_permitted", "User not permitted access"),
            404 => ("not_found", "The requested resource was not found"),
            429 => ("too_many_requests", "Too many requests"),
            500.. => ("internal_server_error", "Internal server error"),
            _ => ("bad_request", "The request was refused"),
        };
        let mut error = Self::new(status, code, message);
        if status == StatusCode::NOT_ACCEPTABLE {
            error.code = 406.into();
            "The requested version is not supported.".clone_into(&mut error.message);
        }
        error
    }
}

impl From<ApiError> for Reply {
    fn from(error: ApiError) -> Self {
        let mut body = json!({"error": {"code": error.code, "message": error.message}});
        if !error.errors.is_empty() {
            body["error"]["errors"] = error.errors.into();
        }
        Self {
            status: error.status,
            body,
        }
    }
}

impl From<Reply> for Response<Body> {
    fn from(reply: Reply) -> Self {
        with_type(reply.status, "application/json", reply.body.to_string())
    }
}

/// The page that the servers in front of the API answer with.
pub(super) fn page(status: StatusCode) -> Response<Body> {
    let words = format!(
        "{} {}",
        status.as_u16(),
        status.canonical_reason().unwrap_or_default()
    );
    let body = format!(
        "<html>\r\n<head><title>{words}</title></head>\r\n<body>\r\n<center><h1>{words}</h1></center>\r\n\
         <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    with_type(status, "text/html", body)
}

fn with_type(status: StatusCode, kind: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// An amount as a text with at least one decimal: `54.27`, `300.0`.
pub(super) fn amount(number: Decimal) -> Value {
    written(number).into()
}

fn written(number: Decimal) -> String {
    let number = number.round_dp(8).normalize();
    match number.scale() {
        0 => format!("{number}.0"),
        _ => number.to_string(),
    }
}

/// An amount without its sign, and the word for the sign.
pub(super) fn effect(number: Decimal) -> (Value, &'static str) {
    let word = match number {
        number if number > Decimal::ZERO => "Credit",
        number if number < Decimal::ZERO => "Debit",
        _ => "None",
    };
    (amount(number.abs()), word)
}

/// Puts an amount and its effect into an object.
pub(super) fn put(object: &mut Value, name: &str, number: Decimal) {
    let (size, word) = effect(number);
    object[name] = size;
    object[format!("{name}-effect")] = word.into();
}

/// A quantity as a number, whole where it is whole.
pub(super) fn count(number: Decimal) -> Value {
    serde_json::from_str(&number.normalize().to_string()).unwrap_or(Value::Null)
}

/// A moment: `2025-05-28T13:38:47.851+00:00`.
pub(super) fn moment(time: Timestamp) -> Value {
    let zoned = time.in_zone(&jiff::tz::TimeZone::UTC);
    zoned
        .strftime("%Y-%m-%dT%H:%M:%S.%3f+00:00")
        .to_string()
        .into()
}

/// Our symbol as the provider spells it: `BRK/B`.
pub(super) fn spelled(symbol: &Symbol) -> String {
    symbol.as_str().replace('.', "/")
}

/// The provider's spelling as our symbol.
pub(super) fn symbol(spelled: &str) -> Symbol {
    Symbol::new(&spelled.replace('/', "."))
}
