use super::*;

fn names(count: usize) -> Vec<Symbol> {
    (0..count)
        .map(|index| Symbol::new(&format!("S{index:03}")))
        .collect()
}

fn symbols(names: &[&str]) -> Vec<Symbol> {
    names.iter().map(|name| Symbol::new(name)).collect()
}

/// Plays the streamer: a limit for each service, and symbols it refuses. Returns the commands it was given.
fn settle(subscriptions: &mut Subscriptions, limit: usize, bad: &[&str]) -> Vec<Command> {
    let mut commands = Vec::new();
    let mut carried: BTreeMap<Kind, BTreeSet<Symbol>> = subscriptions.carried.clone();
    while let Some(step) = subscriptions.next() {
        assert!(commands.len() < 200, "it never settles");
        assert_eq!(subscriptions.next(), None, "one at a time");
        commands.push(step.command);
        let carried = carried.entry(step.kind).or_default();
        let is_bad = step.symbols.iter().any(|it| bad.contains(&it.as_str()));
        match step.command {
            Command::Unsubscribe => carried.retain(|it| !step.symbols.contains(it)),
            _ if is_bad => {
                subscriptions.not_taken(&"no such symbol".into());
                continue;
            }
            _ if carried.len() + step.symbols.len() > limit => {
                subscriptions.over_limit();
                continue;
            }
            Command::Subscribe => *carried = step.symbols.iter().cloned().collect(),
            Command::Add => carried.extend(step.symbols.iter().cloned()),
        }
        subscriptions.taken();
    }
    for (kind, carried) in carried {
        let ours = subscriptions.carried.get(&kind).cloned();
        assert_eq!(ours.unwrap_or_default(), carried);
    }
    commands
}

#[test]
fn the_first_subscription_replaces_and_the_next_ones_add() {
    let mut subscriptions = Subscriptions::new();
    subscriptions.want(symbols(&["AAPL", "/ESZ25", "MSFT"]));
    assert_eq!(
        settle(&mut subscriptions, 500, &[]),
        [Command::Subscribe; 2]
    );
    subscriptions.want(symbols(&["AAPL", "MSFT", "AMD"]));
    let commands = settle(&mut subscriptions, 500, &[]);
    assert_eq!(commands, [Command::Add, Command::Unsubscribe]);
    assert_eq!(subscriptions.news(), None);
}

#[test]
fn the_first_ones_stay_whatever_the_limit_is() {
    for limit in [0, 1, 30, 499, 500, 700] {
        let mut subscriptions = Subscriptions::new();
        subscriptions.want(names(600));
        let commands = settle(&mut subscriptions, limit, &[]);
        assert!(commands.len() < 40, "limit {limit}: {}", commands.len());
        let kept = limit.min(MOST);
        let (missing, why) = subscriptions.news().unwrap();
        assert_eq!(missing, names(600)[kept..], "limit {limit}");
        assert_eq!(
            why.as_str(),
            format!("LEVELONE_EQUITIES carries {kept} symbols")
        );
        assert_eq!(subscriptions.news(), None, "told once");
    }
}

#[test]
fn one_bad_symbol_does_not_spoil_the_rest() {
    let mut subscriptions = Subscriptions::new();
    subscriptions.want(names(100));
    assert!(settle(&mut subscriptions, 500, &["S007"]).len() < 30);
    let (missing, why) = subscriptions.news().unwrap();
    assert_eq!(missing, symbols(&["S007"]));
    assert_eq!(why.as_str(), "no such symbol");
}

#[test]
fn a_service_that_is_not_there_leaves_the_others() {
    let mut subscriptions = Subscriptions::new();
    subscriptions.want(symbols(&["EUR/USD", "AAPL", "GBP/USD"]));
    assert_eq!(subscriptions.next().unwrap().kind, Kind::Equity);
    subscriptions.taken();
    assert_eq!(subscriptions.next().unwrap().kind, Kind::Forex);
    subscriptions.want(symbols(&["EUR/USD", "AAPL", "GBP/USD", "USD/JPY"]));
    subscriptions.without_service(&"not available".into());
    assert_eq!(subscriptions.next(), None);
    let (missing, why) = subscriptions.news().unwrap();
    assert_eq!(missing, symbols(&["EUR/USD", "GBP/USD", "USD/JPY"]));
    assert_eq!(why.as_str(), "not available");
}
