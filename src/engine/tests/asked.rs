//! A venue's question: shown, answered once by the person or by nobody, and what becomes of the order.

use super::*;
use crate::domain::Text;
use crate::domain::order::Said;
use crate::domain::question::{About, Question};
use crate::engine::output::JournalStep;

const YES: Said = Said::Yes;
const NO: Said = Said::No;

fn question(name: &str) -> Box<Question> {
    let words = "The price exceeds the limit of 3%. Are you sure?";
    Box::new(Question::new(name, About::Placing, [words], ["o163"]).unwrap())
}

fn asks(name: &str) -> Sent {
    Sent::Asked(question(name))
}

fn hears(rig: &mut Rig, seconds: u64, id: &str, sent: Sent) -> Vec<Output> {
    rig.tell(seconds, Input::OrderAnswered(ClientOrderId::new(id), sent))
}

fn says(rig: &mut Rig, seconds: u64, id: &str, name: &str, said: Said) -> Vec<Output> {
    rig.request(
        seconds,
        Request::Answer {
            id: ClientOrderId::new(id),
            question: name.into(),
            said,
        },
    )
}

/// An order whose venue asks `q` at second 2.
fn asked() -> Rig {
    let mut rig = Rig::connected();
    rig.place(1, "a");
    let outputs = hears(&mut rig, 2, "a", asks("q"));
    assert_eq!(outputs.len(), 0, "{outputs:?}");
    rig
}

fn is_answer(said: Said) -> impl Fn(&Output) -> bool {
    move |output| matches!(output, Output::Answer { said: is, .. } if *is == said)
}

fn is_any_answer(output: &Output) -> bool {
    matches!(output, Output::Answer { .. })
}

fn recorded(outputs: &[Output]) -> Vec<&JournalStep> {
    let steps = outputs.iter().filter_map(|output| match output {
        Output::Record(_, step, _) => Some(step),
        _ => None,
    });
    steps.collect()
}

fn word(rig: &Rig) -> String {
    rig.state("a").word().to_owned()
}

fn reason(rig: &Rig) -> &str {
    match rig.state("a") {
        OrderState::Rejected { reason } => reason.as_str(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_the_venue_says_to_an_answer_decides() {
    let accepted = || Sent::Accepted(Box::new(report("a", OrderState::Working, "0", 4)));
    let refused = || Sent::Rejected("no funds".into());
    let lost = || Sent::Unknown("time-out".into());
    let kept = || Sent::NotSent("closed".into());
    let cases = [
        (YES, accepted(), "working"),
        (YES, refused(), "rejected"),
        (YES, lost(), "UNKNOWN"),
        (YES, Sent::Duplicate, "UNKNOWN"),
        (YES, kept(), "rejected"),
        (YES, asks("q-2"), "asked"),
        // nothing is placed without a yes, whatever became of the no
        (NO, refused(), "rejected"),
        (NO, lost(), "rejected"),
        (NO, Sent::Duplicate, "rejected"),
        (NO, kept(), "rejected"),
        (NO, asks("q-2"), "rejected"),
        // unless the venue says that it has the order
        (NO, accepted(), "working"),
    ];
    for (said, heard, expected) in cases {
        let mut rig = asked();
        let story = format!("{said:?}, {heard:?}");
        let outputs = says(&mut rig, 3, "a", "q", said);
        assert_eq!(count(&outputs, is_answer(said)), 1, "{story}");
        assert_eq!(outputs.len(), 1, "{story}: {outputs:?}");
        hears(&mut rig, 4, "a", heard);
        assert_eq!(word(&rig), expected, "{story}");
        if said == NO && expected == "rejected" {
            assert!(reason(&rig).contains("you said no"), "{story}");
        }
    }
}

#[test]
fn a_question_is_answered_once_by_its_own_name_and_in_time() {
    let cases = [
        (&[(3, "q", YES)][..], 1),
        (&[(3, "q", YES), (3, "q", YES)], 1),
        (&[(3, "q", NO), (3, "q", YES)], 1),
        (&[(3, "q", YES), (3, "q", NO)], 1),
        (&[(3, "other", YES)], 0),
        (&[(61, "q", YES)], 1),
        (&[(62, "q", YES)], 0),
    ];
    for (script, expected) in cases {
        let mut rig = asked();
        let mut answers = 0;
        for (second, name, said) in script {
            let outputs = says(&mut rig, *second, "a", name, *said);
            answers += count(&outputs, is_any_answer);
        }
        assert_eq!(answers, expected, "{script:?}");
    }
}

#[test]
fn two_questions_take_two_answers() {
    let mut rig = asked();
    says(&mut rig, 3, "a", "q", YES);
    hears(&mut rig, 4, "a", asks("q-2"));
    let again = says(&mut rig, 5, "a", "q", YES);
    assert_eq!(
        count(&again, is_any_answer),
        0,
        "the first one is over: {again:?}"
    );
    let second = says(&mut rig, 60, "a", "q-2", YES);
    assert_eq!(count(&second, is_answer(YES)), 1, "it has its own time");
    let report = report("a", OrderState::Working, "0", 61);
    hears(&mut rig, 61, "a", Sent::Accepted(Box::new(report)));
    assert_eq!(*rig.state("a"), OrderState::Working);
}

#[test]
fn what_nobody_answers_is_over_and_nothing_was_said() {
    let mut rig = asked();
    assert_eq!(
        rig.engine.next_deadline().map(|at_| at_ <= at(62)),
        Some(true)
    );
    rig.tell(61, Input::Tick);
    assert_eq!(word(&rig), "asked");
    let outputs = rig.tell(62, Input::Tick);
    assert_eq!(count(&outputs, is_any_answer), 0);
    assert!(reason(&rig).contains("not answered in time"));
    assert!(
        matches!(recorded(&outputs)[..], [JournalStep::Rejected(_)]),
        "{outputs:?}"
    );
}

/// The journal keeps the order as sent, so that it is looked up after a crash like every other.
#[test]
fn the_journal_learns_of_the_end_alone() {
    let mut rig = asked();
    let said = says(&mut rig, 3, "a", "q", YES);
    let again = hears(&mut rig, 4, "a", asks("q-2"));
    assert!(recorded(&said).is_empty() && recorded(&again).is_empty());
    says(&mut rig, 5, "a", "q-2", YES);
    let lost = hears(&mut rig, 6, "a", Sent::Unknown("time-out".into()));
    assert!(matches!(recorded(&lost)[..], [JournalStep::Unknown(_)]));
    assert_eq!(count(&rig.tell(8, Input::Tick), is_look_up), 1);
}

#[test]
fn no_other_order_of_the_account_is_sent_while_a_question_is_open() {
    let mut rig = asked();
    assert_eq!(count(&rig.place(3, "b"), is_place), 0);
    says(&mut rig, 4, "a", "q", YES);
    assert_eq!(
        count(&rig.place(5, "c"), is_place),
        0,
        "nor while the venue has not answered"
    );
    let told = rig.published.iter().filter(|event| {
        matches!(event, Event::OrderRefused { reason, .. } if reason.as_str().contains("asks about another order"))
    });
    assert_eq!(told.count(), 2);
    let report = report("a", OrderState::Working, "0", 6);
    hears(&mut rig, 6, "a", Sent::Accepted(Box::new(report)));
    assert_eq!(count(&rig.place(7, "d"), is_place), 1);
}

#[test]
fn a_cancel_is_a_no() {
    let id = || ClientOrderId::new("a");
    let all = Request::CancelAll { account: None };
    for cancel in [Request::CancelOrder { id: id() }, all] {
        let mut rig = asked();
        let outputs = rig.request(3, cancel.clone());
        assert_eq!(count(&outputs, is_answer(NO)), 1, "{cancel:?}");
        // the person wanted it gone before the question came
        let mut rig = Rig::connected();
        rig.place(1, "a");
        rig.request(2, cancel.clone());
        let outputs = hears(&mut rig, 3, "a", asks("q"));
        assert_eq!(count(&outputs, is_answer(NO)), 1, "{cancel:?}");
        assert_eq!(count(&says(&mut rig, 4, "a", "q", YES), is_any_answer), 0);
    }
    // a yes that is on its way is not taken back, but what comes of it is
    let mut rig = asked();
    says(&mut rig, 3, "a", "q", YES);
    rig.request(4, Request::CancelOrder { id: id() });
    let outputs = hears(&mut rig, 5, "a", asks("q-2"));
    assert_eq!(count(&outputs, is_answer(NO)), 1);
}

/// Where nobody can answer any more the order is over, and the venue hears nothing.
#[test]
fn what_closes_takes_the_question_with_it() {
    let cases = [
        Input::Request(ScreenId(1), Request::Lock),
        Input::Request(
            ScreenId(1),
            Request::Disconnect {
                connection: connection(),
            },
        ),
        Input::Closing,
    ];
    for input in cases {
        let story = format!("{input:?}");
        let mut rig = asked();
        let outputs = rig.tell(3, input);
        assert_eq!(count(&outputs, is_any_answer), 0, "{story}");
        assert!(reason(&rig).contains("before"), "{story}");
        assert_eq!(recorded(&outputs).len(), 1, "{story}");
        let locks_at = outputs
            .iter()
            .position(|output| matches!(output, Output::DropSecrets));
        let records_at = outputs
            .iter()
            .position(|output| matches!(output, Output::Record(..)));
        assert!(
            locks_at.is_none_or(|at| records_at < Some(at)),
            "the journal is open until then: {outputs:?}"
        );
    }
    // the question comes when nobody can answer it
    let mut rig = Rig::connected();
    rig.place(1, "a");
    rig.request(2, Request::Lock);
    hears(&mut rig, 3, "a", asks("q"));
    assert!(reason(&rig).contains("connection was closed"));
}

/// What ended while the journal was sealed is told it when it is open again.
#[test]
fn an_order_that_ended_behind_the_lock_is_written_down_afterwards() {
    let mut rig = Rig::connected();
    rig.place(1, "a");
    rig.request(2, Request::Lock);
    hears(&mut rig, 3, "a", asks("q"));
    let intent = crate::engine::input::OpenIntent {
        id: ClientOrderId::new("a"),
        draft: draft(),
        created: at(1),
        provider_id: None,
    };
    let outputs = rig.tell(9, Input::OpenIntents(vec![intent]));
    assert!(matches!(recorded(&outputs)[..], [JournalStep::Rejected(_)]));
}

#[test]
fn words_that_were_not_shown_take_no_yes() {
    let mut rig = Rig::connected();
    rig.place(1, "a");
    let long = "w".repeat(3_000);
    let cut = Question::new("q", About::Placing, [long.as_str()], []).unwrap();
    hears(&mut rig, 2, "a", Sent::Asked(Box::new(cut)));
    assert_eq!(count(&says(&mut rig, 3, "a", "q", YES), is_any_answer), 0);
    assert_eq!(count(&says(&mut rig, 4, "a", "q", NO), is_answer(NO)), 1);
}

#[test]
fn a_change_that_is_asked_about_leaves_the_order_as_it_is() {
    let mut rig = Rig::connected();
    rig.place(1, "a");
    let working = report("a", OrderState::Working, "0", 2);
    hears(&mut rig, 2, "a", Sent::Accepted(Box::new(working)));
    rig.request(
        3,
        Request::ReplaceOrder {
            id: ClientOrderId::new("a"),
            replacement: ClientOrderId::new("b"),
            change: OrderChange {
                quantity: Some(Quantity(decimal("20").unwrap())),
                ..OrderChange::default()
            },
        },
    );
    hears(&mut rig, 4, "b", asks("q"));
    assert_eq!(rig.state("b").word(), "asked");
    says(&mut rig, 5, "b", "q", NO);
    hears(&mut rig, 6, "b", Sent::Rejected("discarded".into()));
    assert_eq!(rig.state("b").word(), "rejected");
    assert_eq!(*rig.state("a"), OrderState::Working);
}

/// The person may have answered in another program of the broker.
#[test]
fn what_the_stream_says_of_an_order_ends_its_question() {
    let mut rig = asked();
    let working = report("a", OrderState::Working, "0", 3);
    rig.tell(3, Input::OrderReported(Box::new(working)));
    assert_eq!(word(&rig), "working");
    assert_eq!(count(&says(&mut rig, 4, "a", "q", YES), is_any_answer), 0);
}

#[test]
fn a_question_is_told_at_once_and_is_in_every_snapshot() {
    let rig = asked();
    let told = rig.published.iter().any(|event| {
        matches!(event, Event::Notice { level: Level::Warn, text } if text.as_str().contains("Are you sure?"))
    });
    assert!(told);
    let snapshot = rig.engine.snapshot(at(3));
    let words = snapshot.orders[0]
        .question()
        .map(|it| it.sentences()[0].clone());
    assert!(words.is_some_and(|words| words != Text::default()));
}
