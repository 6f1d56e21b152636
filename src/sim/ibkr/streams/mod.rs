//! The stream.

use super::Door;
use super::query::Query;
use super::shared::Shared;
use crate::sim::socket::Socket;
use http::HeaderMap;
use std::sync::Arc;

/// Where the stream is.
pub(super) const STREAM_PATH: &str = "/v1/api/ws";

/// Runs a socket until it closes.
pub(super) async fn run(_shared: Arc<Shared>, _door: Door, _came: (Socket, HeaderMap, Query)) {}
