//! What becomes of an order that was sent: acknowledged, asked about, refused, or not known.

use super::Ibkr;
use super::known::Sent;
use super::rest::{NoAnswer, read, read_list, words};
use super::translate::order;
use super::wire;
use crate::domain::question::About;
use crate::domain::{Order, Text};
use crate::net::error::Reached;
use crate::net::http::{Request, Response};
use crate::net::rate_limit::Purpose;
use crate::providers::provider::{Placed, ProviderError, Question};
use http::Method;
use std::time::Duration;
use url::Url;

/// How long an order may take, its wait for the request budget included: later it is not what the person wanted.
const ORDER_DEADLINE: Duration = Duration::from_secs(15);

impl Ibkr {
    /// Sends an order, a change or an answer, once. One after the other: a second order ends the first one's question.
    pub(super) async fn send_order(&self, url: Url, body: String, sent: Sent) -> Placed {
        let _turn = self.desk.lock().await;
        let request = Request {
            deadline: ORDER_DEADLINE,
            ..Request::new(Method::POST, url, Purpose::Order)
        };
        match self.rest.send_once(request.json(body)).await {
            Ok(response) => self.placed(&response, sent).await,
            Err(NoAnswer::Door(error)) => Placed::NotSent {
                why: error.to_string().into(),
            },
            Err(NoAnswer::Net(error)) => {
                let why = error.to_string().into();
                match error.reached() {
                    Reached::No => Placed::NotSent { why },
                    Reached::Perhaps => Placed::Unknown { why },
                }
            }
        }
    }

    /// What became of an order, by what came back. Anything but the broker's own answer leaves its fate open.
    async fn placed(&self, response: &Response, sent: Sent) -> Placed {
        let unknown = |why: String| Placed::Unknown { why: why.into() };
        match (response.status, words(response)) {
            (200..=299, _) => self.answered(response, sent),
            (400, Some(reason))
                if reason.as_str().contains("no bridge")
                    || reason.as_str().contains("query /accounts first") =>
            {
                self.sessions.lost().await;
                Placed::NotSent {
                    why: "the trading session had ended; send it again".into(),
                }
            }
            (401, _) => {
                self.sessions.lost().await;
                unknown("the broker refused the session of the order".into())
            }
            // Refused before it was looked at: the limiter stands in front of the order desk.
            (429, _) => Placed::NotSent {
                why: "the broker takes no more requests for the moment".into(),
            },
            (408, _) => unknown("the broker waited too long for the order".into()),
            (400..=499, Some(reason)) => Placed::Rejected { reason },
            (status, _) => unknown(format!("the broker answered with status {status}")),
        }
    }

    /// The broker's own answer: an acknowledgement, a question or a refusal, each with the same status.
    fn answered(&self, response: &Response, sent: Sent) -> Placed {
        let unreadable = |why: &str| Placed::Unknown {
            why: format!("the answer to the order could not be read: {why}").into(),
        };
        let answers: Result<Vec<wire::OrderAnswer<'_>>, ProviderError> =
            match response.body.trim_ascii_start().first() {
                Some(b'[') => read_list(response, "an order"),
                _ => read(response, "an order").map(|answer| vec![answer]),
            };
        let answers = match answers {
            Ok(answers) => answers,
            Err(error) => return unreadable(&error.to_string()),
        };
        let Some(answer) = answers.first() else {
            return unreadable("it is empty");
        };
        if let Some(reason) = answer.error.text() {
            return match reason.contains("already registered") {
                true => Placed::Duplicate,
                false => Placed::Rejected {
                    reason: reason.as_ref().into(),
                },
            };
        }
        if let Some(id) = answer.order_id.text() {
            return Placed::Accepted(Box::new(self.acknowledge(sent, &id, answer)));
        }
        if let (Some(id), Some(_)) = (answer.id.text(), &answer.message) {
            return self.ask_back(&id, answer, sent);
        }
        match answer.text.text() {
            // A prompt about an order that was refused.
            Some(reason) if answer.prompt_order.text().is_some() => Placed::Rejected {
                reason: reason.as_ref().into(),
            },
            _ => unreadable("it says nothing of an order"),
        }
    }

    fn acknowledge(&self, sent: Sent, id: &str, answer: &wire::OrderAnswer<'_>) -> Order {
        let id = Text::new(id);
        self.known.acknowledged(&sent, &id);
        let now = self.rest.clock().now();
        let before = sent.replaces.as_deref();
        Order {
            id: sent.id,
            replaces: before.and_then(|order| order.provider_id.clone()),
            filled: before.map(|order| order.filled).unwrap_or_default(),
            average_price: before.and_then(|order| order.average_price),
            provider_id: Some(id),
            draft: sent.draft,
            state: order::state(answer.order_status, wire::Order::default().system_reason),
            created: now,
            updated: now,
            parent: None,
        }
    }

    /// The venue asks first. Nobody but the person answers.
    fn ask_back(&self, id: &str, answer: &wire::OrderAnswer<'_>, sent: Sent) -> Placed {
        let about = match sent.replaces {
            Some(_) => About::Change,
            None => About::Placing,
        };
        let texts = |list: &Option<Vec<wire::Field<'_>>>| -> Vec<String> {
            let fields = list.iter().flatten().filter_map(|field| field.text());
            fields.map(|text| text.into_owned()).collect()
        };
        let (sentences, kinds) = (texts(&answer.message), texts(&answer.message_ids));
        let question = Question::new(
            id,
            about,
            sentences.iter().map(String::as_str),
            kinds.iter().map(String::as_str),
        );
        match question {
            Some(question) => {
                self.known.asked(question.id(), sent);
                Placed::Asked(question)
            }
            None => Placed::NotSent {
                why: "the venue asked something that cannot be shown; nothing was placed".into(),
            },
        }
    }
}
