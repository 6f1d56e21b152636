//! Brokers' questions: each opens by itself once, when nothing else is open, and waits among the orders afterwards.

use super::App;
use crate::domain::{ClientOrderId, OrderState, Text, Timestamp};
use crate::ui::overlays::Layer;

/// Questions that opened by themselves, by order; those that are over are forgotten.
#[derive(Default)]
pub(super) struct Shown(Vec<(ClientOrderId, Text)>);

impl App {
    /// Opens the most urgent question that was not shown yet. It waits while something else takes the keys.
    pub(super) fn show_question(&mut self, now: Timestamp) {
        let replica = &self.view.replica;
        let mut open = Vec::new();
        for order in replica.orders.values() {
            let (Some(question), OrderState::Asked { until, .. }) =
                (order.question(), &order.state)
            else {
                continue;
            };
            open.push((*until, (order.id.clone(), Text::new(question.id()))));
        }
        self.questions
            .0
            .retain(|shown| open.iter().any(|(_, question)| question == shown));
        let is_busy = !self.overlays.is_empty() || self.filter_line.is_some();
        if is_busy || replica.is_for_viewing() {
            return;
        }
        open.retain(|(_, question)| !self.questions.0.contains(question));
        let first = open.into_iter().min_by_key(|(until, _)| *until);
        if let Some((_, question)) = first {
            let id = question.0.clone();
            self.questions.0.push(question);
            self.open(now, Layer::Asked(id));
        }
    }
}
