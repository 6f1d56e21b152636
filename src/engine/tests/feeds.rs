//! Streams of prices: what is watched, what is said of a stream that is away.

use super::*;

#[test]
fn what_is_watched_follows_the_live_feed() {
    let mut rig = Rig::connected();
    let symbols = vec![Symbol::new("AAPL")];
    rig.request(
        1,
        Request::Watch {
            symbols: symbols.clone(),
        },
    );
    let outputs = rig.tell(
        2,
        Input::Stream(
            connection(),
            Channel::Quotes,
            StreamChange::Up("IEX".into()),
        ),
    );
    assert_eq!(
        count(
            &outputs,
            |it| matches!(it, Output::Watch(_, watched) if *watched == symbols)
        ),
        1
    );
    assert!(
        count(&rig.request(3, Request::Watch { symbols }), |it| matches!(
            it,
            Output::Watch(..)
        )) == 0
    );
    let outputs = rig.tell(4, Input::ScreenGone(ScreenId(1)));
    assert_eq!(
        count(
            &outputs,
            |it| matches!(it, Output::Watch(_, watched) if watched.is_empty())
        ),
        1
    );
}

#[test]
fn why_a_stream_is_away_is_said_when_it_is_new() {
    let mut rig = Rig::connected();
    let down = |why: &str, again| StreamChange::Down {
        why: why.into(),
        again,
    };
    rig.tell(1, quotes(StreamChange::Up("IEX".into())));
    for second in 2..5 {
        rig.tell(second, quotes(StreamChange::Trouble("taken".into())));
        rig.tell(second, quotes(down("taken", Some(at(second + 1)))));
    }
    rig.tell(5, quotes(down("refused", Some(at(6)))));
    rig.tell(6, quotes(down("refused", None)));
    assert_eq!(
        (lines_with(&rig, "taken"), lines_with(&rig, "refused")),
        (
            vec!["quotes: taken"],
            vec![
                "quotes: refused; trying again",
                "quotes: refused; gave up; press c to connect again"
            ]
        )
    );
}

#[test]
fn a_stream_that_gave_up_is_opened_when_the_person_connects() {
    let mut rig = Rig::connected();
    rig.finish_first_run(1);
    let is_open = |it: &Output| matches!(it, Output::OpenStreams(..));
    let connect = Request::Connect {
        connection: connection(),
    };
    let connected = |rig: &mut Rig, second| {
        let accounts = vec![(account(), Some(balance()))];
        rig.request(second, connect.clone());
        let outputs = rig.answer(second, Reading::Accounts, Ok(ReadData::Accounts(accounts)));
        rig.finish_first_run(second);
        count(&outputs, is_open)
    };
    for channel in [Channel::Quotes, Channel::Orders] {
        let up = StreamChange::Up("IEX".into());
        rig.tell(2, Input::Stream(connection(), channel, up));
    }
    assert_eq!(connected(&mut rig, 3), 0, "both are live");
    let down = StreamChange::Down {
        why: "refused".into(),
        again: None,
    };
    rig.tell(4, quotes(down));
    assert_eq!(connected(&mut rig, 5), 1);
}

#[test]
fn a_price_read_before_the_stream_is_up_says_that_it_is_simulated() {
    let mut rig = Rig::connected();
    let trade = crate::domain::Trade {
        symbol: Symbol::new("AAPL"),
        price: "1".parse().unwrap(),
        size: Quantity::ZERO,
        time: at(1),
    };
    let events = vec![crate::domain::MarketEvent::Trade(trade)];
    let reading = Reading::Snapshots(vec![Symbol::new("AAPL")]);
    rig.request(
        1,
        Request::Watch {
            symbols: vec![Symbol::new("AAPL")],
        },
    );
    rig.answer(1, reading, Ok(ReadData::Snapshots(events)));
    assert!(
        rig.engine
            .take_quotes()
            .iter()
            .all(|line| line.simulated && line.last.is_some())
    );
}
