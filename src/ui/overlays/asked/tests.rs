//! What keys say to a broker's question.

use super::*;
use crate::domain::OrderState;
use crate::ui::overlays::tests::stage::Stage;

fn asked(stage: &mut Stage, sentences: &[&str]) -> Asked {
    let question = Question::new("q-1", About::Placing, sentences.iter().copied(), ["o163"]);
    let until = stage.now.plus(Duration::from_secs(60));
    let order = stage.replica.orders.values_mut().next().unwrap();
    order.state = OrderState::Asked {
        question: Box::new(question.unwrap()),
        until,
        said: None,
    };
    let id = order.id.clone();
    Asked::new(id, &stage.context()).unwrap()
}

#[test]
fn only_a_typed_yes_says_yes_and_a_no_is_asked_for_twice() {
    let (yes, no, nothing) = (Some("Yes"), Some("No"), None);
    let cases: [(&str, Option<&str>); 14] = [
        ("yes", yes),
        ("jjkyes", yes),
        ("nyes", yes),
        ("y", nothing),
        ("yy", nothing),
        ("yyes", nothing),
        ("ye<space>s", nothing),
        ("yens", nothing),
        ("<enter>", nothing),
        ("<enter><enter>", no),
        ("<esc><esc>", no),
        ("nn", no),
        ("n<space>n", nothing),
        ("y<enter>", nothing),
    ];
    for (keys, said) in cases {
        let mut stage = Stage::new();
        let mut overlay = asked(&mut stage, &["Are you sure?"]);
        let told = stage.press(&mut overlay, keys).join(" ");
        match said {
            None => assert_eq!(told, "", "{keys}"),
            Some(said) => assert!(
                told.starts_with("close send Answer")
                    && told.ends_with(&format!("said: {said} }}")),
                "{keys}: {told}"
            ),
        }
    }
}

/// The question may appear under a finger that is on its way to a key, or holds one.
#[test]
fn keys_that_come_with_the_question_say_nothing() {
    let cases: [(&[(u64, &str)], Option<Said>); 6] = [
        (&[(20, "y"), (400, "e"), (800, "s")], None),
        (&[(400, "y"), (430, "e"), (460, "s")], Some(Said::Yes)),
        (&[(20, "enter"), (50, "enter"), (80, "enter")], None),
        (&[(400, "enter"), (430, "enter"), (460, "enter")], None),
        (&[(400, "enter"), (800, "enter")], Some(Said::No)),
        (&[(400, "y"), (900, "y"), (930, "y"), (960, "y")], None),
    ];
    for (script, expected) in cases {
        let mut leaning = Leaning::new(Timestamp::EPOCH);
        let mut said = None;
        for (millis, key) in script {
            let now = Timestamp::EPOCH.plus(Duration::from_millis(*millis));
            said = leaning.take(now, Key::parse(key).unwrap());
        }
        assert_eq!(said, expected, "{script:?}");
    }
}

#[test]
fn a_question_that_is_not_whole_or_comes_after_the_kill_switch_takes_no_yes() {
    let mut stage = Stage::new();
    let long = "word ".repeat(1_000);
    let mut overlay = asked(&mut stage, &[&long]);
    let told = stage.press(&mut overlay, "yes").join(" ");
    assert!(told.contains("takes no only"), "{told}");
    assert!(stage.press(&mut overlay, "nn")[1].contains("said: No"));

    let mut stage = Stage::new();
    stage.killed = true;
    let mut overlay = asked(&mut stage, &["Are you sure?"]);
    let told = stage.press(&mut overlay, "yes").join(" ");
    assert!(told.contains("kill switch"), "{told}");
}

#[test]
fn it_closes_when_the_question_is_over_or_another_one() {
    let mut stage = Stage::new();
    let mut overlay = asked(&mut stage, &["Are you sure?"]);
    assert_eq!(stage.changed(&mut overlay), [""; 0]);
    let order = stage.replica.orders.values_mut().next().unwrap();
    let next = Question::new("q-2", About::Placing, ["Really?"], []).unwrap();
    let until = stage.now;
    order.state = OrderState::Asked {
        question: Box::new(next),
        until,
        said: None,
    };
    assert_eq!(stage.changed(&mut overlay), ["close"]);
    assert_eq!(stage.press(&mut overlay, "y"), ["close"]);
}

#[test]
fn a_look_around_leaves_it_open() {
    let mut stage = Stage::new();
    let mut overlay = asked(&mut stage, &["Are you sure?"]);
    let told = stage.press(&mut overlay, "<tab>").join(" ");
    assert!(told.starts_with("close Info: the question waits"), "{told}");
}
