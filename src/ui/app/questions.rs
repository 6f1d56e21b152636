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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::question::{About, Question};
    use crate::domain::{Clock, Order};
    use crate::link::{Event, Request, Update};
    use crate::ui::app::Effect;
    use crate::ui::app::testing::{Noon, app, picture, press};
    use std::time::Duration;

    /// An order of the small world, asked about by that name.
    fn asked(app: &App, name: &str) -> Order {
        let mut orders = app.view.replica.orders.values();
        let open = orders.find(|order| !order.state.is_final());
        let mut order = open.expect("one works").clone();
        let words = ["The price exceeds the limit of 3%. Are you sure?"];
        let question = Question::new(name, About::Placing, words, []).unwrap();
        order.state = OrderState::Asked {
            question: Box::new(question),
            until: Noon.now().plus(Duration::from_secs(60)),
            said: None,
        };
        order
    }

    fn tell(app: &mut App, order: Order) {
        let sequence = app.view.replica.at().next();
        let event = Event::Order(Box::new(order));
        app.update(vec![Update::Numbered { sequence, event }]);
    }

    fn ask(app: &mut App, name: &str) {
        let order = asked(app, name);
        tell(app, order);
    }

    /// Rows above the asked order: the unknown ones that changed later.
    fn asked_rank(app: &App) -> usize {
        let orders = || app.view.replica.orders.values();
        let asked = orders().find(|order| order.is_asked()).expect("one is");
        let unknown = orders().filter(|order| {
            matches!(order.state, OrderState::Unknown { .. }) && order.updated > asked.updated
        });
        unknown.count()
    }

    const WORDS: &str = "The price exceeds the limit of 3%.";

    #[test]
    fn a_question_opens_by_itself_once() {
        let mut app = app();
        let order = asked(&app, "q");
        tell(&mut app, order.clone());
        assert!(picture(&app).contains(WORDS), "{}", picture(&app));
        press(&mut app, "<tab>");
        assert!(!picture(&app).contains(WORDS));
        tell(&mut app, order.clone());
        press(&mut app, "j");
        assert!(!picture(&app).contains(WORDS), "it was put aside");
        ask(&mut app, "q-2");
        assert!(picture(&app).contains(WORDS), "another question");
        let over = Order {
            state: OrderState::Working,
            ..order
        };
        tell(&mut app, over);
        assert!(!picture(&app).contains(WORDS), "it is over");
    }

    /// Keys that are meant for a form or a filter are not a question's.
    #[test]
    fn a_question_waits_until_nothing_else_takes_the_keys() {
        for (keys, close) in [("?", "<esc>"), ("/NV", "<enter>"), ("b", "<esc>")] {
            let mut app = app();
            press(&mut app, keys);
            ask(&mut app, "q");
            assert!(!picture(&app).contains(WORDS), "{keys}");
            press(&mut app, close);
            assert!(picture(&app).contains(WORDS), "{keys}: {}", picture(&app));
        }
    }

    /// The clock stands still here, so no key comes after a quiet moment: typed blindly, nothing is answered.
    #[test]
    fn keys_typed_blindly_answer_nothing() {
        let mut app = app();
        ask(&mut app, "q");
        let effects = press(&mut app, "yes<enter><enter>nn<esc><esc>");
        let answers = effects
            .iter()
            .filter(|effect| matches!(effect, Effect::Send(Request::Answer { .. })));
        assert_eq!(answers.count(), 0);
    }

    #[test]
    fn the_orders_lead_back_to_a_question_that_was_put_aside() {
        let mut app = app();
        ask(&mut app, "q");
        press(&mut app, "<tab>4");
        let orders = picture(&app);
        assert!(
            orders.contains("asked 1") && orders.contains("answer 1:00"),
            "{orders}"
        );
        press(&mut app, "g");
        let rank = asked_rank(&app);
        press(&mut app, &"j".repeat(rank));
        press(&mut app, "<enter>");
        assert!(picture(&app).contains(WORDS), "{}", picture(&app));
    }
}
