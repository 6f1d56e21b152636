//! Messages of the streamer as they are written: one envelope each way.

use super::Streamer;
use crate::auth::AccessToken;
use crate::providers::fields::Field;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What arrives: exactly one of the lists is there.
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Frame<'a> {
    pub(super) response: Option<Vec<&'a RawValue>>,
    pub(super) notify: Option<Vec<&'a RawValue>>,
    pub(super) data: Option<Vec<&'a RawValue>>,
    pub(super) snapshot: Option<Vec<&'a RawValue>>,
}

/// An answer to a request, or a note: `{"heartbeat":"1668715930582"}`, `{"content":{"code":30,"msg":"…"}}`
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Reply<'a> {
    pub(super) requestid: Field<'a>,
    pub(super) heartbeat: Field<'a>,
    pub(super) content: Option<Verdict<'a>>,
}

/// What became of a request.
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Verdict<'a> {
    pub(super) code: Field<'a>,
    pub(super) msg: Field<'a>,
}

/// News of a service.
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct News<'a> {
    pub(super) service: Field<'a>,
    pub(super) timestamp: Field<'a>,
    pub(super) content: Option<Vec<&'a RawValue>>,
}

#[derive(Serialize)]
struct Envelope<'a> {
    requests: [Request<'a>; 1],
}

#[derive(Serialize)]
struct Request<'a> {
    requestid: String,
    service: &'static str,
    command: &'static str,
    #[serde(rename = "SchwabClientCustomerId")]
    customer: &'a str,
    #[serde(rename = "SchwabClientCorrelId")]
    correlation: &'a str,
    parameters: Parameters<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Parameters<'a> {
    LogIn {
        #[serde(rename = "Authorization")]
        token: &'a str,
        #[serde(rename = "SchwabClientChannel")]
        channel: &'a str,
        #[serde(rename = "SchwabClientFunctionId")]
        function: &'a str,
    },
    Keys {
        keys: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        fields: Option<&'a str>,
    },
}

impl Streamer {
    /// The log-in; the token stands there without `Bearer`.
    pub(super) fn log_in(&self, id: u32, token: &AccessToken) -> String {
        let parameters = Parameters::LogIn {
            token: token.expose(),
            channel: &self.channel,
            function: &self.function,
        };
        self.request(id, "ADMIN", "LOGIN", parameters)
    }

    /// A command about some keys of a service.
    pub(super) fn command(
        &self,
        id: u32,
        (service, command): (&'static str, &'static str),
        keys: &str,
        fields: Option<&str>,
    ) -> String {
        self.request(id, service, command, Parameters::Keys { keys, fields })
    }

    fn request(
        &self,
        id: u32,
        service: &'static str,
        command: &'static str,
        parameters: Parameters<'_>,
    ) -> String {
        let request = Request {
            requestid: id.to_string(),
            service,
            command,
            customer: &self.customer,
            correlation: &self.correlation,
            parameters,
        };
        let envelope = Envelope {
            requests: [request],
        };
        serde_json::to_string(&envelope).expect("texts are always JSON")
    }
}
