//! What can fail on the way to another machine.
use super::tls::pinned::Fingerprint;
use std::time::Duration;

/// What failed on the way to another machine. No variant carries a query, a header or a body, so any may be logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// The configured address cannot be used at all.
    #[error("the address is not usable: {0}")]
    Address(&'static str),
    /// Unencrypted traffic is for loopback alone.
    #[error("{host} must be reached by https or wss: plain text is for this machine alone")]
    PlainText {
        /// The host that was asked for.
        host: String,
    },
    /// The request could not be written down, for example a header holds a line break.
    #[error("the request cannot be sent: {0}")]
    Request(&'static str),
    /// Encryption or the HTTP client could not be set up on this machine.
    #[error("the network cannot be set up here: {0}")]
    Setup(String),
    /// Nobody answered at that address, or its name is unknown.
    #[error("cannot connect to {host}: {why}")]
    Connect {
        /// The host that was asked for.
        host: String,
        /// The operating system's reason.
        why: String,
    },
    /// No trusted encryption with that host.
    #[error("no trusted encryption with {host}: {why}")]
    Tls {
        /// The host that was asked for.
        host: String,
        /// What is wrong with its certificate or protocol.
        why: String,
    },
    /// A program on this machine has another certificate than the one that was confirmed.
    #[error(
        "the certificate of {host} is {found}, not {pinned}; if that is your doing, disconnect and connect again"
    )]
    OtherCertificate {
        /// The host that was asked for.
        host: String,
        /// What it has.
        found: Fingerprint,
        /// What was confirmed.
        pinned: Fingerprint,
    },
    /// The configured proxy did not let us through.
    #[error("the proxy {proxy} does not let us through: {why}")]
    Proxy {
        /// The proxy's host and port.
        proxy: String,
        /// What it said.
        why: String,
    },
    /// A step took longer than it may.
    #[error("{step} took longer than {} s", limit.as_secs())]
    Timeout {
        /// The step that did not finish.
        step: Step,
        /// How long it may take.
        limit: Duration,
    },
    /// The answer trickles slower than 1 KiB/s.
    #[error("the answer came too slowly")]
    Stalled,
    /// The connection ended in the middle of something.
    #[error("the connection broke: {why}")]
    Broken {
        /// What was seen.
        why: String,
    },
    /// The far side does not keep to the protocol.
    #[error("the far side does not speak the protocol: {why}")]
    Protocol {
        /// What was seen.
        why: String,
    },
    /// An answer, a frame, a message or the headers are larger than they may be.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The limit in bytes.
        limit: usize,
    },
    /// A compressed answer unpacks to more than a hundred times its size.
    #[error("the answer unpacks to more than {ratio} times its size")]
    Bomb {
        /// The limit that was passed.
        ratio: usize,
    },
    /// A message was cut into more fragments than one may have.
    #[error("a message came in more than {limit} fragments")]
    Fragments {
        /// The limit that was passed.
        limit: usize,
    },
    /// The far side wants to send us elsewhere; credentials do not follow.
    #[error("a redirect (status {status}) was refused")]
    Redirect {
        /// The HTTP status.
        status: u16,
    },
    /// The WebSocket handshake was answered with something else.
    #[error("the WebSocket was refused with status {status}")]
    Handshake {
        /// The HTTP status; 200 when a page was served instead.
        status: u16,
        /// How long the far side asks us to wait.
        retry_after: Option<Duration>,
    },
    /// Our own budget for that host is used up; nothing was sent.
    #[error("the request budget is used up for {} s", retry_after.as_secs().max(1))]
    Throttled {
        /// When the budget has room again.
        retry_after: Duration,
    },
    /// The far side takes less than we have to say.
    #[error("the far side does not take what is sent")]
    Backlog,
}

/// The step of a connection that ran out of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Name look-up and TCP.
    Connect,
    /// TLS handshake.
    Tls,
    /// WebSocket handshake.
    Handshake,
    /// From asking to the first byte of the answer.
    FirstByte,
    /// From asking to the last byte of the answer.
    Answer,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::Tls => "setting up encryption",
            Self::Handshake => "opening the WebSocket",
            Self::FirstByte => "waiting for an answer",
            Self::Answer => "receiving the answer",
        })
    }
}

/// Whether the far side may have received, and acted on, what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// Not one byte of the request left: it certainly did not act.
    No,
    /// It may have acted. For an order this means: the outcome is unknown.
    Perhaps,
}

impl NetError {
    /// Whether the far side may have acted on the request.
    pub fn reached(&self) -> Reached {
        self.consequences().0
    }

    /// Whether the same read, or the same connection, may succeed a little later.
    pub fn may_retry(&self) -> bool {
        self.consequences().1
    }

    fn consequences(&self) -> (Reached, bool) {
        match self {
            Self::Address(_)
            | Self::PlainText { .. }
            | Self::Request(_)
            | Self::Setup(_)
            | Self::Tls { .. }
            | Self::OtherCertificate { .. } => (Reached::No, false),
            Self::Handshake { status, .. } => (Reached::No, is_passing(*status)),
            Self::Connect { .. }
            | Self::Proxy { .. }
            | Self::Throttled { .. }
            | Self::Timeout {
                step: Step::Connect | Step::Tls | Step::Handshake,
                ..
            } => (Reached::No, true),
            Self::Timeout {
                step: Step::FirstByte | Step::Answer,
                ..
            }
            | Self::Stalled
            | Self::Broken { .. }
            | Self::Backlog => (Reached::Perhaps, true),
            Self::Protocol { .. }
            | Self::TooLarge { .. }
            | Self::Bomb { .. }
            | Self::Fragments { .. }
            | Self::Redirect { .. } => (Reached::Perhaps, false),
        }
    }

    /// How long the far side, or our own budget, asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Throttled { retry_after } => Some(*retry_after),
            Self::Handshake { retry_after, .. } => *retry_after,
            Self::Address(_)
            | Self::PlainText { .. }
            | Self::Request(_)
            | Self::Setup(_)
            | Self::Connect { .. }
            | Self::Tls { .. }
            | Self::OtherCertificate { .. }
            | Self::Proxy { .. }
            | Self::Timeout { .. }
            | Self::Stalled
            | Self::Broken { .. }
            | Self::Protocol { .. }
            | Self::TooLarge { .. }
            | Self::Bomb { .. }
            | Self::Fragments { .. }
            | Self::Redirect { .. }
            | Self::Backlog => None,
        }
    }
}

/// Whether a status says "not now" rather than "no": too many requests, or a fault of the far side.
pub fn is_passing(status: u16) -> bool {
    status == 408 || status == 429 || (500..=599).contains(&status)
}

/// The innermost cause of an error as bounded text without control characters: outer layers print addresses, and a
/// certificate's names are the far side's to choose.
pub(super) fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    clean(&cause.to_string())
}

/// Text from outside, bounded and without control characters.
pub(super) fn clean(text: &str) -> String {
    const LONGEST: usize = 200;
    text.chars()
        .filter(|c| !c.is_control())
        .take(LONGEST)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_never_left_is_certain_not_to_have_acted() {
        let limit = Duration::from_secs(5);
        let check = |error: NetError, expected| assert_eq!(error.reached(), expected, "{error}");
        check(
            NetError::Connect {
                host: "h".into(),
                why: "refused".into(),
            },
            Reached::No,
        );
        check(NetError::Throttled { retry_after: limit }, Reached::No);
        check(
            NetError::Timeout {
                step: Step::Tls,
                limit,
            },
            Reached::No,
        );
        check(
            NetError::Timeout {
                step: Step::FirstByte,
                limit,
            },
            Reached::Perhaps,
        );
        check(NetError::Broken { why: "cut".into() }, Reached::Perhaps);
        check(NetError::Redirect { status: 301 }, Reached::Perhaps);
    }

    #[test]
    fn a_refused_handshake_is_retried_only_when_it_says_not_now() {
        let refused = |status| NetError::Handshake {
            status,
            retry_after: None,
        };
        assert!(refused(503).may_retry());
        assert!(refused(429).may_retry());
        assert!(!refused(401).may_retry());
        assert!(!refused(200).may_retry());
    }

    #[test]
    fn text_from_outside_is_bounded_and_has_no_escapes() {
        let cleaned = clean(&format!("\x1b]52;c;evil\x07{}", "x".repeat(500)));
        assert_eq!(cleaned.chars().count(), 200);
        assert!(!cleaned.contains('\x1b'));
    }
}
