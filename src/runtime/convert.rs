//! What providers say, in the engine's terms.

use crate::domain::Text;
use crate::engine::input::{CallMeter, Channel, Failure, FailureKind, Sent};
use crate::providers::provider::{Meter, Placed, ProviderError, StreamName};

/// What a failed call asks for next.
pub(crate) fn failure(error: &ProviderError) -> Failure {
    let kind = match error {
        ProviderError::Unauthorised { .. } => FailureKind::SignIn,
        ProviderError::AwaitsPerson { .. } => FailureKind::Elsewhere,
        ProviderError::NotFound { .. } => FailureKind::NotFound,
        ProviderError::RateLimited { retry_after } => FailureKind::Later(*retry_after),
        ProviderError::Unavailable { .. } | ProviderError::Garbled { .. } => {
            FailureKind::Later(None)
        }
        ProviderError::Unreachable(net) if net.may_retry() => FailureKind::Later(net.retry_after()),
        ProviderError::Unreachable(_) => FailureKind::Later(None),
        ProviderError::Refused { .. }
        | ProviderError::UnknownCursor
        | ProviderError::Misconfigured { .. } => FailureKind::Final,
    };
    Failure {
        kind,
        what: Text::new(&error.to_string()),
    }
}

/// What became of an order.
pub(crate) fn sent(placed: Placed) -> Sent {
    match placed {
        Placed::Accepted(order) => Sent::Accepted(order),
        Placed::Rejected { reason } => Sent::Rejected(reason),
        Placed::Asked(question) => Sent::Asked(Box::new(question)),
        Placed::Duplicate => Sent::Duplicate,
        Placed::NotSent { why } => Sent::NotSent(why),
        Placed::Unknown { why } => Sent::Unknown(why),
    }
}

/// What a connection's calls cost so far.
pub(crate) fn meter(meter: Meter) -> CallMeter {
    CallMeter {
        calls: meter.calls,
        errors: meter.errors,
        latency_ms: meter
            .latency
            .map(|latency| u64::try_from(latency.as_millis()).unwrap_or(u64::MAX)),
        requests_left: meter.requests_left,
        clock_skew_ms: meter.clock_skew_ms,
        unreadable: meter.unreadable,
        unreadable_at: meter.unreadable_at,
        session_until: meter.standing.access_until,
        sign_in_due: meter.standing.sign_in_due,
        refresh_failures: meter.standing.failures,
    }
}

/// Which stream.
pub(crate) fn channel(name: StreamName) -> Channel {
    match name {
        StreamName::Quotes => Channel::Quotes,
        StreamName::Orders => Channel::Orders,
    }
}
