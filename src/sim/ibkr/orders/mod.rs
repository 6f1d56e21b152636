//! Orders: placing them and the questions that are asked before, changing, cancelling, listing.

mod notes;

pub(super) use notes::Notes;

use super::answer::{Answer, Reply};
use super::site::Call;
use http::{Method, StatusCode};

/// A question that waits for its answer.
#[derive(Debug)]
pub(super) struct Question;

/// `/iserver/account/…order…`, `/iserver/reply`, `/iserver/questions`, `/iserver/notification`.
pub(super) fn route(_call: &mut Call<'_>, _method: &Method, _path: &[&str]) -> Answer {
    Err(Reply::of_status(StatusCode::NOT_FOUND))
}
